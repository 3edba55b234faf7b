using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Makes connections for a login, each its own.</summary>
internal sealed class RedisConnector(DatabaseCredential credential, Login login)
{
    /// <summary>How the tool's connections call themselves.</summary>
    public const string ClientName = "Nebula.Rotation";

    /// <summary>How long a reply may take: the server's own work here is done in milliseconds, but a script of somebody's may hold it up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What Prefer has found out: a port of Redis speaks TLS or it does not.</summary>
    private static readonly ConcurrentDictionary<RedisEndpoint, bool> SpeaksTls = new();

    public string Username => login.Username;

    /// <summary>Names connections for <see cref="IdleSessions"/>.</summary>
    public string Key => IdleSessions.Key(credential, login);

    /// <summary>
    /// Connects and logs in. Throws <see cref="RotationException"/> as <see cref="RedisErrors.OfConnecting"/> has it; a refused login throws
    /// <paramref name="refused"/>, unless it is null: then the connection goes on as whoever the server takes it for.
    /// </summary>
    public async Task<RespConnection> OpenAsync(RedisEndpoint endpoint, RotationErrorCode? refused, CancellationToken cancellationToken)
    {
        RespConnection? connection = null;
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(credential.ConnectionTimeout);
        try
        {
            connection = await ConnectAsync(endpoint, bound.Token);
            var replies = await connection.AskAsync([["AUTH", login.Username, login.Password.Reveal()], ["CLIENT", "SETNAME", ClientName]], bound.Token);
            if (replies[0] is RespError error && (refused is not null || !IsRefusal(error)))
                throw RedisErrors.OfLogin(error, endpoint, login.Username, refused ?? RotationErrorCode.AdminAuthenticationFailed);
            return connection;
        }
        catch (Exception e)
        {
            if (connection is not null)
                await connection.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw RedisErrors.OfConnecting(e, endpoint, credential);
        }
    }

    private static bool IsRefusal(RespError error) => error.Is("WRONGPASS") || error.Message.Contains("without any password configured", StringComparison.Ordinal);

    private async Task<RespConnection> ConnectAsync(RedisEndpoint endpoint, CancellationToken cancellationToken) => credential.SslMode switch
    {
        SslMode.Disable => await PlainAsync(endpoint, cancellationToken),
        SslMode.Prefer => await PreferAsync(endpoint, cancellationToken),
        _ => await EncryptedAsync(endpoint, cancellationToken),
    };

    /// <summary>
    /// A port speaks TLS or it does not, and there is nothing to negotiate. A plain server waits for ever for the end of what a TLS client says first, but
    /// a TLS server closes on a plain PING: so that is what is tried, before anything that is secret.
    /// </summary>
    private async Task<RespConnection> PreferAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (!SpeaksTls.TryGetValue(endpoint, out var isTls) || !isTls)
        {
            var plain = await PlainAsync(endpoint, cancellationToken);
            try
            {
                await plain.AskAsync(["PING"], cancellationToken);
                SpeaksTls[endpoint] = false;
                return plain;
            }
            catch (Exception e) when (e is IOException or SocketException or InvalidDataException)
            {
                await plain.DisposeAsync();
            }
        }

        var encrypted = await EncryptedAsync(endpoint, cancellationToken);
        SpeaksTls[endpoint] = true;
        return encrypted;
    }

    private static async Task<RespConnection> PlainAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        var socket = await DialAsync(endpoint, cancellationToken);
        return new(new NetworkStream(socket), socket, socket.RemoteEndPoint, isEncrypted: false, Patience);
    }

    private async Task<RespConnection> EncryptedAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        var socket = await DialAsync(endpoint, cancellationToken);
        var tls = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: false);
        try
        {
            using var certificate = RedisOptions.ClientCertificate(credential);
            await tls.AuthenticateAsClientAsync(TlsOptions(endpoint, certificate), cancellationToken);
            return new(tls, socket, socket.RemoteEndPoint, isEncrypted: true, Patience);
        }
        catch
        {
            await tls.DisposeAsync();
            socket.Dispose();
            throw;
        }
    }

    private SslClientAuthenticationOptions TlsOptions(RedisEndpoint endpoint, X509Certificate2? certificate)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = endpoint.Host,
            ClientCertificates = certificate is null ? null : [certificate],
            EnabledSslProtocols = SslProtocols.None,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        var mode = credential.SslMode;
        if (mode is SslMode.Prefer or SslMode.Require)
        {
            // As with libpq: these two protect against listening, and do not say who answers. The other two do.
            options.RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null;
            return options;
        }

        if (credential.CACertificate is { } authority)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(authority);
            options.CertificateChainPolicy = policy;
        }

        options.RemoteCertificateValidationCallback = (_, _, _, errors) =>
            errors == SslPolicyErrors.None || (mode == SslMode.VerifyCA && errors == SslPolicyErrors.RemoteCertificateNameMismatch);
        return options;
    }

    private static async Task<Socket> DialAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
