using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>Copies of the store's key for somebody who keeps such, and the way back from them.</summary>
public sealed class KeyEscrowTests : SqliteFixture
{
    private string EscrowPath => Path.Combine(Folder, "escrow.pem");

    private string CertificatePath => Path.Combine(Folder, "holder.crt");

    private string HolderPath => Path.Combine(Folder, "holder.pem");

    private string PfxPath => Path.Combine(Folder, "holder.pfx");

    [Theory]
    [InlineData("pem")]
    [InlineData("encrypted pem")]
    [InlineData("pfx")]
    public async Task A_lost_key_comes_back_from_its_escrow(string form)
    {
        MakeHolder();
        await MakeAsync();
        var key = await File.ReadAllTextAsync(KeyPath, Token);
        await using (var store = await OpenAsync())
        {
            var result = await store.ExportKeyAsync(Escrow(), Token);
            Assert.Equal(EscrowPath, result.EscrowPath);
            Assert.Contains("CN=escrow holder", result.EscrowHolder, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(key.Trim(), await File.ReadAllTextAsync(EscrowPath, Token), StringComparison.Ordinal);
        File.Delete(KeyPath);
        var missing = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync(create: false));
        Assert.Contains("Import-NebulaStoreKey", missing.RecommendedAction, StringComparison.Ordinal);
        var holder = form switch { "pfx" => PfxPath, "pem" => HolderPath, _ => EncryptedPath };
        await ImportAsync(holder, form == "pem" ? null : "holder-password");

        Assert.Equal(key, await File.ReadAllTextAsync(KeyPath, Token));
        Assert.Equal(UnixMode.OwnerOnly, UnixMode.Get(KeyPath));
        await using var again = await OpenAsync(create: false);
        Assert.Equal("first-password", await PasswordAsync(again));
        Assert.Equal(
            [AuditAction.StoreKeyExported, AuditAction.StoreKeyImported],
            (await again.ListAuditAsync(new(), Token)).Where(entry => entry.Credential == "").Select(entry => entry.Action));
        Assert.True((await again.CheckAuditAsync(null, Token)).IsIntact);
    }

    [Fact]
    public async Task OpenSSL_opens_an_escrow_and_what_it_writes_is_the_key_file()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/openssl"), "openssl(1) is not installed");
        MakeHolder();
        await MakeAsync();
        await using (var store = await OpenAsync())
            await store.ExportKeyAsync(Escrow(), Token);
        var opened = Path.Combine(Folder, "opened");
        using var process = Process.Start("openssl", ["cms", "-decrypt", "-inform", "PEM", "-in", EscrowPath, "-inkey", HolderPath, "-recip", CertificatePath, "-out", opened]);
        await process.WaitForExitAsync(Token);

        Assert.Equal(0, process.ExitCode);
        Assert.Equal(await File.ReadAllTextAsync(KeyPath, Token), await File.ReadAllTextAsync(opened, Token));

        // As such it can be brought back, too, once nobody else can read it.
        File.Delete(KeyPath);
        UnixMode.Set(opened, UnixMode.OwnerOnly | UnixFileMode.GroupRead);
        var import = new StoreKeyImport { Path = opened };
        await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => SqliteCredentialStore.ImportKeyAsync(StorePath, new KeyFileProvider(), Time, import, Token));
        UnixMode.Set(opened, UnixMode.OwnerOnly);
        await SqliteCredentialStore.ImportKeyAsync(StorePath, new KeyFileProvider(), Time, import, Token);
        await using var again = await OpenAsync(create: false);
    }

    [Fact]
    public async Task A_replacement_gives_the_new_key_into_escrow_before_it_is_used()
    {
        MakeHolder();
        await MakeAsync();
        await using (var store = await OpenAsync())
            Assert.Equal(EscrowPath, (await store.ReplaceKeyAsync(Escrow(), Token)).EscrowPath);

        var key = await File.ReadAllTextAsync(KeyPath, Token);
        File.Delete(KeyPath);
        await ImportAsync(HolderPath);
        Assert.Equal(key, await File.ReadAllTextAsync(KeyPath, Token));
    }

    [Fact]
    public async Task A_replacement_whose_escrow_cannot_be_written_changes_nothing()
    {
        MakeHolder();
        await MakeAsync();
        var key = await File.ReadAllTextAsync(KeyPath, Token);
        await using (var store = await OpenAsync())
            await RefusedAsync(RotationErrorCode.StoreUnavailable, () => store.ReplaceKeyAsync(Escrow(Path.Combine(Folder, "no-such-folder", "e")), Token));

        await using var again = await OpenAsync();
        Assert.Equal(key, await File.ReadAllTextAsync(KeyPath, Token));
        Assert.DoesNotContain(await again.ListAuditAsync(new(), Token), entry => entry.Action == AuditAction.StoreKeyReplaced);
    }

    [Fact]
    public async Task A_replacement_that_fails_leaves_no_escrow_of_a_key_that_is_not_used()
    {
        MakeHolder();
        await MakeAsync();
        await using var store = await OpenAsync();
        Meddle("CREATE TRIGGER breaks BEFORE UPDATE ON scopes BEGIN SELECT raise(ABORT, 'broken on purpose'); END");
        await RefusedAsync(RotationErrorCode.StoreUnavailable, () => store.ReplaceKeyAsync(Escrow(), Token));

        Assert.False(File.Exists(EscrowPath));
        Meddle("DROP TRIGGER breaks");
        Assert.Equal("first-password", await PasswordAsync(store));
        await store.ReplaceKeyAsync(Escrow(), Token);
        Assert.True(File.Exists(EscrowPath));
    }

    [Fact]
    public async Task A_backup_of_the_store_needs_the_key_of_its_time_and_no_key_replaces_another()
    {
        MakeHolder();
        await MakeAsync();
        var backup = Path.Combine(Folder, "backup.db");
        await using (var store = await OpenAsync())
            await store.ExportKeyAsync(Escrow(), Token);
        File.Copy(StorePath, backup);
        await using (var store = await OpenAsync())
            await store.ReplaceKeyAsync(new(), Token);
        File.Copy(KeyPath, backup + ".key");

        var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync(backup, create: false));
        Assert.Contains("Import-NebulaStoreKey", exception.RecommendedAction, StringComparison.Ordinal);

        // The former key is not the one of the store that went on.
        await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => ImportAsync(HolderPath));
        exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => ImportAsync(HolderPath, path: backup));
        Assert.Contains("move the file away", exception.RecommendedAction, StringComparison.Ordinal);
        File.Delete(backup + ".key");
        await ImportAsync(HolderPath, path: backup);
        await using var opened = await OpenAsync(backup, create: false);
        Assert.Equal("first-password", await PasswordAsync(opened));
    }

    [Fact]
    public async Task What_cannot_be_sealed_for_is_refused_before_anything_is_touched()
    {
        MakeHolder();
        await MakeAsync();
        await using (var store = await OpenAsync())
        {
            await store.ExportKeyAsync(Escrow(), Token);
            await RefusedToAsync("is there already", Escrow());
            await RefusedToAsync("cannot be read", Escrow(certificate: KeyPath));
            await RefusedToAsync("cannot be read", Escrow(certificate: Path.Combine(Folder, "none")));
            await RefusedToAsync("both", new() { EscrowPath = EscrowPath + "2" });
            using (var weak = RSA.Create(1024))
                await RefusedToAsync("2048 bits", Escrow(certificate: Save("weak", weak, X509KeyUsageFlags.KeyEncipherment)));
            using (var strong = RSA.Create(2048))
                await RefusedToAsync("not meant for encryption", Escrow(certificate: Save("signs", strong, X509KeyUsageFlags.DigitalSignature)));
            using (var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            {
                using var certificate = new CertificateRequest("CN=curve", curve, HashAlgorithmName.SHA256).CreateSelfSigned(Time.GetUtcNow().AddDays(-1), Time.GetUtcNow().AddDays(1));
                await File.WriteAllTextAsync(Path.Combine(Folder, "curve.crt"), certificate.ExportCertificatePem(), Token);
                await RefusedToAsync("no RSA key", Escrow(certificate: Path.Combine(Folder, "curve.crt")));
            }

            Time.Advance(TimeSpan.FromDays(40_000));
            await RefusedToAsync("is valid from", Escrow(EscrowPath + "2"));

            async Task RefusedToAsync(string message, StoreKeyRequest request)
            {
                request = request.EscrowCertificate == CertificatePath ? request : request with { EscrowPath = EscrowPath + "2" };
                var exception = await RefusedAsync(RotationErrorCode.InvalidArgument, () => store.ReplaceKeyAsync(request, Token));
                Assert.Contains(message, exception.Message, StringComparison.Ordinal);
                Assert.False(File.Exists(EscrowPath + "2"));
            }
        }
    }

    [Fact]
    public async Task What_does_not_open_is_refused_and_says_why()
    {
        MakeHolder();
        await MakeAsync();
        await using (var store = await OpenAsync())
            await store.ExportKeyAsync(Escrow(), Token);
        using (var other = RSA.Create(2048))
        using (var certificate = Certificate(other, X509KeyUsageFlags.KeyEncipherment))
            await File.WriteAllTextAsync(Path.Combine(Folder, "other.pem"), certificate.ExportCertificatePem() + "\n" + other.ExportPkcs8PrivateKeyPem(), Token);
        File.Delete(KeyPath);

        Assert.Contains("does not open", (await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => ImportAsync(Path.Combine(Folder, "other.pem")))).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", (await RefusedAsync(RotationErrorCode.InvalidArgument, () => ImportAsync(PfxPath, "wrong"))).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", (await RefusedAsync(RotationErrorCode.InvalidArgument, () => ImportAsync(CertificatePath))).Message, StringComparison.Ordinal);
        foreach (var (file, certificate) in new[] { (EscrowPath + "2", HolderPath), (CertificatePath, HolderPath), (EscrowPath, null) })
        {
            await RefusedAsync(
                RotationErrorCode.InvalidArgument,
                () => SqliteCredentialStore.ImportKeyAsync(StorePath, new KeyFileProvider(), Time, new() { Path = file, Certificate = certificate }, Token));
        }

        Assert.False(File.Exists(KeyPath));
    }

    private string EncryptedPath => Path.Combine(Folder, "encrypted.pem");

    private StoreKeyRequest Escrow(string? path = null, string? certificate = null) =>
        new() { EscrowPath = path ?? EscrowPath, EscrowCertificate = certificate ?? CertificatePath };

    private Task<StoreKeyChange> ImportAsync(string holder, string? password = null, string? path = null) => SqliteCredentialStore.ImportKeyAsync(
        path ?? StorePath,
        new KeyFileProvider(),
        Time,
        new() { Path = EscrowPath, Certificate = holder, CertificatePassword = password is null ? null : new(password) },
        Token);

    private static async Task<string> PasswordAsync(SqliteCredentialStore store) =>
        (await store.GetCurrentLoginAsync((await store.FindAsync("orders", "global", Token))!.Id, Token)).Login.Password.Reveal();

    private void MakeHolder()
    {
        using var key = RSA.Create(2048);
        using var certificate = Certificate(key, X509KeyUsageFlags.KeyEncipherment | X509KeyUsageFlags.DataEncipherment);
        File.WriteAllText(CertificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(HolderPath, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        File.WriteAllBytes(PfxPath, certificate.Export(X509ContentType.Pfx, "holder-password"));
        File.WriteAllText(
            EncryptedPath,
            certificate.ExportCertificatePem() + "\n" + key.ExportEncryptedPkcs8PrivateKeyPem("holder-password", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 10_000)));
    }

    private string Save(string name, RSA key, X509KeyUsageFlags usage)
    {
        var path = Path.Combine(Folder, name + ".crt");
        using var certificate = Certificate(key, usage);
        File.WriteAllText(path, certificate.ExportCertificatePem());
        return path;
    }

    private X509Certificate2 Certificate(RSA key, X509KeyUsageFlags usage)
    {
        var request = new CertificateRequest("CN=escrow holder", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        return request.CreateSelfSigned(Time.GetUtcNow().AddDays(-1), Time.GetUtcNow().AddYears(10));
    }
}
