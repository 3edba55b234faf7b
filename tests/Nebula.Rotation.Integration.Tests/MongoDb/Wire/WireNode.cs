using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>One server of the stand-in, on a port of its own.</summary>
internal sealed class WireNode(WireCluster cluster) : IAsyncDisposable
{
    private static readonly TimeSpan CacheInterval = TimeSpan.FromSeconds(30);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<int, WireConnection> _connections = [];
    private ImmutableDictionary<(string, string), WireUser>? _held;
    private ImmutableDictionary<(string, string), WireUser> _cache = ImmutableDictionary<(string, string), WireUser>.Empty;
    private long _cachedAt = Environment.TickCount64;
    private int _numbers;
    private Task _accepting = Task.CompletedTask;

    public WireCluster Cluster { get; } = cluster;

    public int Port { get; private set; }

    public string Name => $"127.0.0.1:{Port}";

    public bool IsPrimary => !Cluster.IsSet || ReferenceEquals(Cluster.Primary, this);

    public ICollection<WireConnection> Connections => _connections.Values;

    /// <summary>True: the member applies nothing that comes from the primary.</summary>
    public bool IsHeld
    {
        get => _held is not null;
        set => _held = value ? Cluster.Users : null;
    }

    public void Start()
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>A user as this server knows it.</summary>
    public WireUser? Find(string db, string name)
    {
        if (!Cluster.Options.AreRouters)
            return (_held ?? Cluster.Users).GetValueOrDefault((db, name));
        if (Environment.TickCount64 - _cachedAt > CacheInterval.TotalMilliseconds)
            ForgetUsers();
        if (!_cache.TryGetValue((db, name), out var user) && Cluster.Users.TryGetValue((db, name), out user))
            _cache = _cache.SetItem((db, name), user);
        return user;
    }

    public void ForgetUsers()
    {
        _cache = _cache.Clear();
        _cachedAt = Environment.TickCount64;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        foreach (var connection in _connections.Values)
            connection.Close();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        await Task.Yield();
        var number = Interlocked.Increment(ref _numbers);
        try
        {
            client.NoDelay = true;
            Stream stream = client.GetStream();
            if (Cluster.Options.Certificate is { } certificate)
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, _stop.Token);
                stream = tls;
            }

            var connection = new WireConnection(this, client, stream, number);
            _connections[number] = connection;
            await connection.RunAsync(_stop.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidDataException or System.Security.Authentication.AuthenticationException)
        {
            // The client went, or speaks something else: mongod hangs up, too.
        }
        finally
        {
            _connections.TryRemove(number, out _);
            client.Dispose();
        }
    }
}
