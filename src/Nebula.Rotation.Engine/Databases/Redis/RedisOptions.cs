using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>The options that -Option gives this room.</summary>
internal static class RedisOptions
{
    /// <summary>The name by which sentinels know the primary; needed where they know several.</summary>
    private const string ServiceNameName = "ServiceName";

    /// <summary>A PEM file with the client's certificate (mutual TLS).</summary>
    private const string ClientCertificateName = "ClientCertificate";

    /// <summary>A PEM file with its key; the certificate's own when left out.</summary>
    private const string ClientKeyName = "ClientKey";

    private static readonly string[] Names = [ServiceNameName, ClientCertificateName, ClientKeyName];

    public static string? ServiceName(DatabaseCredential credential) => Value(credential, ServiceNameName);

    public static string? ClientCertificatePath(DatabaseCredential credential) => Value(credential, ClientCertificateName);

    /// <summary>The certificate to show, or null.</summary>
    public static X509Certificate2? ClientCertificate(DatabaseCredential credential)
    {
        if (ClientCertificatePath(credential) is not { } path)
            return null;
        try
        {
            return X509Certificate2.CreateFromPemFile(path, Value(credential, ClientKeyName));
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new RotationException(RotationErrorCode.InvalidArgument, $"The client certificate {path} cannot be used: {e.Message}", $"Give PEM files that go together: {ClientCertificateName} and {ClientKeyName}.");
        }
    }

    public static void Validate(DatabaseCredential credential)
    {
        if (credential.Option.Keys.FirstOrDefault(name => !Names.Contains(name, StringComparer.OrdinalIgnoreCase) && !StrategyOptions.IsOne(name)) is { } unknown)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, $"Redis has no option '{unknown}'.", $"Use {string.Join(", ", Names)} or {StrategyOptions.AlternateUsername}, or leave options out.");
        }

        if (ServiceName(credential) is { } service && (service.Length == 0 || service.Any(char.IsWhiteSpace)))
            throw new RotationException(RotationErrorCode.InvalidArgument, $"{ServiceNameName} '{service}' is no name of a service.", "Give the name of `sentinel monitor`.");
        ClientCertificate(credential)?.Dispose();
    }

    private static string? Value(DatabaseCredential credential, string name) =>
        credential.Option.FirstOrDefault(option => option.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
