using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

/// <summary>The commands about the store's own key.</summary>
public sealed class StoreKeyTests
{
    private const string Canary = "S0meB@se64=c4nary";

    private const string Secure = "$s = [securestring]::new(); foreach ($c in '" + Canary + "'.ToCharArray()) { $s.AppendChar($c) }; ";

    [Fact]
    public void A_replacement_asks_first_and_gives_what_was_done()
    {
        using var scene = new Scene();
        scene.Host.Answers.Enqueue("No");
        Assert.Empty(scene.Run("Update-NebulaStoreKey").Output);
        Assert.Empty(scene.Service.KeyRequests);

        var result = Assert.IsType<StoreKeyChange>(Assert.Single(scene.Run("Update-NebulaStoreKey -Force -EscrowPath /tmp/e.pem -EscrowCertificate /tmp/c.crt").Output).BaseObject);
        Assert.Equal(("1b", "0a", "/tmp/e.pem"), (result.KeyId, result.FormerKeyId, result.EscrowPath));
        var request = Assert.Single(scene.Service.KeyRequests);
        Assert.Equal("/tmp/c.crt", request.EscrowCertificate);
        Assert.Null(request.NewKey);
    }

    [Fact]
    public void WhatIf_changes_nothing()
    {
        using var scene = new Scene();
        scene.Run("Update-NebulaStoreKey -WhatIf; Export-NebulaStoreKey e.pem c.crt -WhatIf; Import-NebulaStoreKey e.pem -WhatIf").ThrowIfFailed();
        Assert.Empty(scene.Service.KeyRequests);
    }

    [Fact]
    public void A_new_key_comes_as_a_secure_string_and_is_shown_nowhere()
    {
        using var scene = new Scene();
        var given = scene.Run(Secure + "Update-NebulaStoreKey -NewKey $s -Force -Verbose | Out-Default");
        Assert.Equal(Canary, Assert.Single(scene.Service.KeyRequests).NewKey!.Reveal());
        Canaries.AssertAbsent(Canary, given, scene.Host);
    }

    [Fact]
    public void An_escrow_is_made_and_brought_back_by_file_certificate_and_password()
    {
        using var scene = new Scene();
        Assert.Equal("/tmp/e.pem", Assert.IsType<StoreKeyChange>(Assert.Single(scene.Run("Export-NebulaStoreKey /tmp/e.pem /tmp/c.crt").Output).BaseObject).EscrowPath);

        // No store is opened: it could not be.
        scene.Service.Opened.Clear();
        var result = scene.Run(Secure + "Import-NebulaStoreKey /tmp/e.pem /tmp/h.pfx -CertificatePassword $s -Store /tmp/s.db -Force");
        result.ThrowIfFailed();
        Assert.Empty(scene.Service.Opened);
        Assert.Equal(("/tmp/e.pem", "/tmp/h.pfx", Canary), (scene.Service.KeyImport!.Path, scene.Service.KeyImport.Certificate, scene.Service.KeyImport.CertificatePassword!.Reveal()));
        Assert.Equal("StoreKeyImported /tmp/s.db", scene.Service.Calls[^1]);
        Canaries.AssertAbsent(Canary, result, scene.Host);
    }
}
