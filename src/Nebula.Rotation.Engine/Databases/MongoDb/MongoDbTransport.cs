using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MongoDB.Driver;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>
/// Is a server there, and does it speak TLS. The driver keeps trying until its time is up, and either uses TLS or does not: a refused connection is
/// told at once, and "prefer" is found out, by one connection before the driver's.
/// </summary>
internal static class MongoDbTransport
{
    /// <summary>Whether to use TLS with an endpoint. Throws ServerUnreachable.</summary>
    public static async Task<bool> ReachAsync(DatabaseCredential credential, MongoDbEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(credential.ConnectionTimeout);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(endpoint.Host, endpoint.Port, bound.Token);
            return credential.SslMode == SslMode.Prefer ? await OffersTlsAsync(client, endpoint, bound.Token) : credential.SslMode != SslMode.Disable;
        }
        catch (SocketException e)
        {
            throw MongoDbErrors.Unreachable(endpoint.ToString(), e);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RotationException(
                RotationErrorCode.ServerUnreachable, $"{endpoint} did not answer in time.", "Check the host name, the port and the network, or allow a longer ConnectionTimeout.");
        }
    }

    /// <summary>True when nobody between here and the endpoint can listen: it is this machine.</summary>
    public static async Task<bool> IsLoopbackAsync(MongoDbEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(endpoint.Host, out var address))
            return IPAddress.IsLoopback(address);
        try
        {
            return (await Dns.GetHostAddressesAsync(endpoint.Host, cancellationToken)) is { Length: > 0 } addresses && addresses.All(IPAddress.IsLoopback);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public static SslSettings ToSettings(DatabaseCredential credential)
    {
        var roots = credential is { SslMode: SslMode.VerifyCA or SslMode.VerifyFull, CACertificate: { } path } ? LoadRoots(path) : null;
        return new()
        {
            CheckCertificateRevocation = false,
            ServerCertificateValidationCallback = (_, certificate, chain, errors) => Accepts(credential.SslMode, roots, certificate, chain, errors),
        };
    }

    private static X509Certificate2Collection LoadRoots(string path)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(path);
        }
        catch (System.Security.Cryptography.CryptographicException e)
        {
            throw new RotationException(RotationErrorCode.InvalidArgument, $"The CA certificate {path} cannot be read: {e.Message}", "Give a PEM file.");
        }

        return roots;
    }

    /// <summary>A server without TLS takes the client's greeting for a message of an absurd length, and hangs up.</summary>
    private static async Task<bool> OffersTlsAsync(TcpClient client, MongoDbEndpoint endpoint, CancellationToken cancellationToken)
    {
        // Prefer looks at no certificate, as SslMode says.
#pragma warning disable CA5359
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: true, (_, _, _, _) => true);
#pragma warning restore CA5359
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = endpoint.Host }, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return false;
        }
    }

    private static bool Accepts(SslMode mode, X509Certificate2Collection? roots, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (mode is SslMode.Prefer or SslMode.Require)
            return true;
        if (certificate is null || chain is null || (mode == SslMode.VerifyFull && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)))
            return false;
        if (roots is null)
            return !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors);
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(roots);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in chain.ChainElements)
            own.ChainPolicy.ExtraStore.Add(element.Certificate);
        using var copy = new X509Certificate2(certificate);
        return own.Build(copy);
    }
}
