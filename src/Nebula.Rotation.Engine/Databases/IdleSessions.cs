using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Databases;

/// <summary>
/// Admins' sessions that rotations of one run are done with, for the next one on the same server: to open one costs the server more than most of what is asked over
/// it. They end with the run, or before it when nobody needs them for a while. A run over one alone has none of this: there a session ends with its rotation.
/// </summary>
internal sealed class IdleSessions : IAsyncDisposable
{
    /// <summary>How long a session waits for a next rotation. Servers and firewalls allow it.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>How long it may take to ask a session anew or to clean it: one whose server says nothing is closed, and a new one has its own bounds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly object _gate = new();
    private readonly List<Idle> _idle = [];
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private bool _isClosed;

    public IdleSessions(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(_ => _ = CloseAsync(idle => time.GetElapsedTime(idle.Since) >= Longest), null, Longest / 2, Longest / 2);
    }

    /// <summary>Names sessions that are as good as each other, by all that they are made from. None of it can be had back from the name.</summary>
    public static string Key(params string?[] parts) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts))));

    /// <summary>The same, where no connection string says it all.</summary>
    public static string Key(DatabaseCredential credential, Login login, params IEnumerable<string?> more) => Key([
        .. credential.HostName, $"{credential.Port} {credential.SslMode} {credential.ConnectionTimeout}", credential.CACertificate,
        .. credential.Option.OrderBy(option => option.Key, StringComparer.Ordinal).Select(option => $"{option.Key}={option.Value}"),
        login.Username, login.Password.Reveal(), .. more,
    ]);

    /// <summary>A session that is still good; null when there is none.</summary>
    /// <param name="key">Names it.</param>
    /// <param name="renewAsync">Asks it anew what a new one would be asked. When that fails, the session is closed: whoever opens another hears of the reason.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    public async Task<T?> TakeAsync<T>(string key, Func<T, CancellationToken, Task<T>> renewAsync, CancellationToken cancellationToken)
        where T : class, IAsyncDisposable
    {
        while (Take(key) is { } kept)
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            bound.CancelAfter(Patience);
            try
            {
                return await renewAsync((T)kept, bound.Token);
            }
            catch (Exception)
            {
                await kept.DisposeAsync();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return null;
    }

    /// <summary>Keeps a session for the next, or closes it.</summary>
    /// <param name="key">Names it.</param>
    /// <param name="username">Whose it is.</param>
    /// <param name="session">The session.</param>
    /// <param name="cleanAsync">Makes it as if it had just been opened: no transaction, no lock. When that fails, it is closed.</param>
    public async ValueTask LeaveAsync(string key, string username, IAsyncDisposable session, Func<CancellationToken, ValueTask> cleanAsync)
    {
        using var bound = new CancellationTokenSource(Patience);
        try
        {
            await cleanAsync(bound.Token);
        }
        catch (Exception)
        {
            await session.DisposeAsync();
            return;
        }

        lock (_gate)
        {
            if (!_isClosed && !_refused.Contains(username))
            {
                _idle.Add(new(key, username, session, _time.GetTimestamp()));
                return;
            }
        }

        await session.DisposeAsync();
    }

    /// <summary>From now on no session of this login is kept: it is rotated itself, and a session that waits would hold up its drain.</summary>
    public Task RefuseAsync(string username)
    {
        lock (_gate)
            _refused.Add(username);
        return CloseAsync(idle => idle.Username == username);
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        lock (_gate)
            _isClosed = true;
        await CloseAsync(static _ => true);
    }

    /// <summary>The one that was used last, which the server knows best.</summary>
    private IAsyncDisposable? Take(string key)
    {
        lock (_gate)
        {
            if (_idle.FindLast(idle => idle.Key == key) is not { } found)
                return null;
            _idle.Remove(found);
            return found.Session;
        }
    }

    private async Task CloseAsync(Func<Idle, bool> isMeant)
    {
        List<Idle> closing;
        lock (_gate)
        {
            closing = _idle.FindAll(idle => isMeant(idle));
            _idle.RemoveAll(closing.Contains);
        }

        foreach (var idle in closing)
            await idle.Session.DisposeAsync();
    }

    private sealed record Idle(string Key, string Username, IAsyncDisposable Session, long Since);
}
