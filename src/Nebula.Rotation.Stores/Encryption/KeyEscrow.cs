using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Nebula.Rotation.Stores.Encryption;

/// <summary>
/// A store's key, sealed for somebody who keeps it: CMS EnvelopedData (RFC 5652) for the RSA key of a certificate, RSAES-OAEP with SHA-256, AES-256, as PEM
/// text. What is sealed is the content of a key file. So the holder needs none of our tools: <c>openssl cms -decrypt</c> opens it as well.
/// </summary>
internal sealed class KeyEscrow : IDisposable
{
    private const string Label = "CMS";
    private const int SmallestKey = 2048;

    // An escrow file has some 2,000 characters.
    private const int LongestFile = 64 * 1024;

    // https://oidref.com/2.16.840.1.101.3.4.1.42
    private static readonly Oid Aes256 = new("2.16.840.1.101.3.4.1.42");

    private readonly X509Certificate2 _certificate;
    private bool _written;
    private bool _kept;

    private KeyEscrow(string path, X509Certificate2 certificate)
    {
        Path = path;
        _certificate = certificate;
        Holder = $"{certificate.Subject} (SHA-256 {Convert.ToHexString(certificate.GetCertHash(HashAlgorithmName.SHA256))})";
    }

    public string Path { get; }

    /// <summary>Whose it is: subject and thumbprint.</summary>
    public string Holder { get; }

    /// <summary>Everything that can be wrong is found here, before a key is touched. Null when no escrow is wanted.</summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.InvalidArgument"/>.</exception>
    public static KeyEscrow? Prepare(StoreKeyRequest request, DateTimeOffset now)
    {
        if (request.EscrowPath is null && request.EscrowCertificate is null)
            return null;
        if (request is not { EscrowPath: { } path, EscrowCertificate: { } holder })
            throw Invalid("An escrow needs both a file and the holder's certificate.", "Give -EscrowPath and -EscrowCertificate.");
        if (File.Exists(path))
            throw Invalid($"The escrow file '{path}' is there already: an older key in it may be needed for older copies of the store.", "Give another file.");

        var certificate = Load(holder, static path => new X509Certificate2(path));
        try
        {
            RequireUsable(certificate, holder, now);
            return new(System.IO.Path.GetFullPath(path), certificate);
        }
        catch
        {
            certificate.Dispose();
            throw;
        }
    }

    /// <summary>Writes the file, on the disk when this returns. Deleted again unless <see cref="Keep"/> follows.</summary>
    public void Write(byte[] key)
    {
        var line = StoreKeyProvider.Encode(key);
        try
        {
            var envelope = new EnvelopedCms(new ContentInfo(line), new AlgorithmIdentifier(Aes256));
            envelope.Encrypt(new CmsRecipient(SubjectIdentifierType.IssuerAndSerialNumber, _certificate, RSAEncryptionPadding.OaepSHA256));
            var text = Encoding.ASCII.GetBytes(PemEncoding.WriteString(Label, envelope.Encode()) + "\n");

            // The work of a transaction may be done twice.
            if (_written)
                File.Delete(Path);
            _written = KeyFile.TryCreate(Path, text);
            if (!_written)
                throw Invalid($"The escrow file '{Path}' is there already.", "Give another file.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }
    }

    /// <summary>The key is in use now: the file stays.</summary>
    public void Keep() => _kept = true;

    public void Dispose()
    {
        _certificate.Dispose();
        if (_written && !_kept)
            File.Delete(Path);
    }

    /// <summary>The key from an escrow file, or from a plain key file.</summary>
    /// <exception cref="RotationException">InvalidArgument: nothing that can be read so. StoreKeyInvalid: it does not open, or others can read it.</exception>
    public static byte[] Open(StoreKeyImport import)
    {
        if (!File.Exists(import.Path))
            throw Invalid($"There is no file '{import.Path}'.", "Give the escrow file, or a file with the key.");
        if (import.Certificate is null)
        {
            return KeyFileProvider.ReadExisting(import.Path)
                ?? throw Invalid($"The file '{import.Path}' holds no plain key.", "For an escrow file give the holder's certificate and private key with -Certificate.");
        }

        using var certificate = Load(import.Certificate, path => LoadWithKey(path, import.CertificatePassword?.Reveal()));
        using var privateKey = certificate.GetRSAPrivateKey() ?? throw Invalid($"'{import.Certificate}' has no RSA private key.", "Give a PEM file with certificate and private key, or a PKCS #12 file.");
        try
        {
            var text = new FileInfo(import.Path).Length <= LongestFile ? File.ReadAllText(import.Path) : "";
            var envelope = new EnvelopedCms();
            envelope.Decode(PemEncoding.TryFind(text, out var fields) && text[fields.Label] is Label
                ? Convert.FromBase64String(text[fields.Base64Data])
                : throw Invalid($"The file '{import.Path}' is no escrow of a store key: no CMS text in PEM form.", "Give the file that Export-NebulaStoreKey or Update-NebulaStoreKey wrote."));
            envelope.Decrypt(envelope.RecipientInfos[0], privateKey);
            var key = StoreKeyProvider.Decode(envelope.ContentInfo.Content);
            CryptographicOperations.ZeroMemory(envelope.ContentInfo.Content);
            return key ?? throw new CryptographicException("what it holds is no store key.");
        }
        catch (CryptographicException exception)
        {
            throw new RotationException(
                RotationErrorCode.StoreKeyInvalid,
                $"The escrow file '{import.Path}' does not open with the private key of '{import.Certificate}': {exception.Message}",
                "Nothing was changed. Give the private key of the certificate that it was sealed for; the audit trail names it.",
                exception);
        }
    }

    private static void RequireUsable(X509Certificate2 certificate, string path, DateTimeOffset now)
    {
        using var key = certificate.GetRSAPublicKey();
        if (key is null || key.KeySize < SmallestKey)
            throw Invalid($"The certificate '{path}' has no RSA key of {SmallestKey} bits or more.", "Give one that has.");
        if (now < certificate.NotBefore || now > certificate.NotAfter)
            throw Invalid($"The certificate '{path}' is valid from {certificate.NotBefore:u} to {certificate.NotAfter:u}.", "Give one that is valid now.");
        const X509KeyUsageFlags Needed = X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.DataEncipherment;
        if (certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage && (usage.KeyUsages & Needed) == 0)
            throw Invalid($"The certificate '{path}' is not meant for encryption (its key usage is {usage.KeyUsages}).", "Give one with KeyEncipherment or without restriction.");
    }

    private static X509Certificate2 LoadWithKey(string path, string? password)
    {
        var isPem = File.ReadAllText(path).Contains("-----BEGIN", StringComparison.Ordinal);
        return isPem
            ? password is null ? X509Certificate2.CreateFromPemFile(path) : X509Certificate2.CreateFromEncryptedPemFile(path, password)
            : new X509Certificate2(path, password, OperatingSystem.IsMacOS() ? X509KeyStorageFlags.DefaultKeySet : X509KeyStorageFlags.EphemeralKeySet);
    }

    private static X509Certificate2 Load(string path, Func<string, X509Certificate2> load)
    {
        try
        {
            return load(path);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument,
                $"The certificate '{path}' cannot be read: {exception.Message}",
                "Nothing was changed. Give an X.509 certificate in PEM or DER form; to open an escrow, PEM with the private key or PKCS #12, and its password if it has one.",
                exception);
        }
    }

    private static RotationException Invalid(string message, string action) => new(RotationErrorCode.InvalidArgument, message, $"Nothing was changed. {action}");
}
