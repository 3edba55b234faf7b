using System.Collections;
using System.Management.Automation;
using System.Security;
using Nebula.Rotation.Module.Errors;
using Nebula.Rotation.Module.Pipeline;

namespace Nebula.Rotation.Module.Binding;

/// <summary>
/// Secrets of Microsoft.PowerShell.SecretManagement, read in the user's own session, where the vaults are registered and unlocked. A secret that is a login
/// is a PSCredential, a table with a user name and a password, or a password whose metadata says the user name, as a publish target writes it.
/// </summary>
internal static class VaultSecret
{
    private const string Module = "Microsoft.PowerShell.SecretManagement";
    private static readonly string[] NameKeys = ["Username", "User", "Login"];

    // By the qualified name: other modules have a Get-Secret, too.
    private const string Read = $$"""
        if (-not (Get-Command '{{Module}}\Get-Secret' -ErrorAction Ignore)) { return 'missing' }
        $in = @{}
        if ($Vault) { $in.Vault = $Vault }
        {{Module}}\Get-Secret -Name $Name @in *>&1
        """;

    private const string ReadMetadata = $$"""
        $in = @{}
        if ($Vault) { $in.Vault = $Vault }
        {{Module}}\Get-SecretInfo -Name ([Management.Automation.WildcardPattern]::Escape($Name)) @in *>&1
        """;

    public static PSCredential ReadCredential(VaultReference reference) => ReadValue(reference) switch
    {
        PSCredential credential => credential,
        IDictionary table => FromTable(reference, table),
        SecureString password => new PSCredential(FindUsername(reference), password),
        _ => throw Refuse($"The secret {reference} is no login.", "Store it as a PSCredential."),
    };

    public static SecureString ReadText(VaultReference reference) =>
        ReadValue(reference) as SecureString ?? throw Refuse($"The secret {reference} is no text.", "Store it as a SecureString.");

    /// <summary>What a user reads when a parameter is not bound.</summary>
    public static ArgumentTransformationMetadataException Refuse(string message, string action)
    {
        var reason = InvalidArgument.Because($"{message} {action}", action);
        return new ArgumentTransformationMetadataException(reason.Message, reason);
    }

    private static object? ReadValue(VaultReference reference)
    {
        var said = Call(reference, Read);
        var value = said.Output.FirstOrDefault(item => item is not null);
        return value switch
        {
            "missing" => throw Refuse(
                $"The secret {reference} cannot be read: {Module} is not installed.", $"Install it (Install-PSResource {Module}) and register the vault, or give a PSCredential."),
            null => throw Refuse($"There is no secret {reference}.", "Get-SecretInfo lists the secrets, Get-SecretVault the vaults."),
            _ => value,
        };
    }

    private static PublishScriptResult Call(VaultReference reference, string body)
    {
        var arguments = new Dictionary<string, object?> { ["Name"] = reference.Name, ["Vault"] = reference.Vault };
        var said = SessionScript.Run($"Reading the secret {reference}", "param($Name, $Vault)", body, arguments, new SecretMask(), CancellationToken.None);
        return said.Failure is null ? said : throw Refuse(said.Failure.Message, "Get-SecretInfo lists the secrets, Test-SecretVault says whether a vault answers.");
    }

    private static PSCredential FromTable(VaultReference reference, IDictionary table)
    {
        var name = Find(table, NameKeys) as string;
        return (name, Find(table, "Password")) switch
        {
            ({ Length: > 0 }, SecureString password) => new PSCredential(name, password),
            ({ Length: > 0 }, string password) => new PSCredential(name, new Secret(password).ToSecureString()),
            _ => throw Refuse($"The secret {reference} is a table without Username and Password.", "Store it as a PSCredential."),
        };
    }

    private static string FindUsername(VaultReference reference)
    {
        foreach (var information in Call(reference, ReadMetadata).Output.Where(item => item is not null))
        {
            if (PSObject.AsPSObject(information).Properties["Metadata"]?.Value is IDictionary metadata && Find(metadata, NameKeys) is string { Length: > 0 } name)
                return name;
        }

        throw Refuse($"The secret {reference} is a password without a user name.", "Store it as a PSCredential, or say the name in its metadata: Set-SecretInfo -Metadata @{ Username = 'app' }.");
    }

    private static object? Find(IDictionary table, params string[] names)
    {
        foreach (DictionaryEntry entry in table)
        {
            if (names.Contains(entry.Key?.ToString(), StringComparer.OrdinalIgnoreCase))
                return entry.Value is PSObject wrapped ? wrapped.BaseObject : entry.Value;
        }

        return null;
    }
}
