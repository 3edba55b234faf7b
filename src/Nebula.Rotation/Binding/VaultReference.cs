using System.Management.Automation;

namespace Nebula.Rotation.Module.Binding;

/// <summary>The name of a secret, and the vault that has it; null for SecretManagement's own order of vaults.</summary>
internal sealed record VaultReference(string? Vault, string Name)
{
    private const string Scheme = "vault:";
    private const string Information = "Microsoft.PowerShell.SecretManagement.SecretInformation";

    /// <summary>Reads what a user gave; null where it names no secret.</summary>
    /// <exception cref="ArgumentTransformationMetadataException">It begins as one and is none.</exception>
    public static VaultReference? Find(object? given)
    {
        if (given is null)
            return null;
        var item = PSObject.AsPSObject(given);
        if (item.BaseObject is string text)
            return text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? Parse(text[Scheme.Length..]) : null;
        // By its name: SecretManagement is no dependency.
        return item.TypeNames.Contains(Information) && item.Properties["Name"]?.Value is string name
            ? new VaultReference(item.Properties["VaultName"]?.Value as string, name)
            : null;
    }

    public override string ToString() => Vault is null ? $"'{Name}'" : $"'{Name}' in the vault '{Vault}'";

    // A vault's name has no slash, a secret's may have some.
    private static VaultReference Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var (vault, name) = slash < 0 ? ("", text) : (text[..slash], text[(slash + 1)..]);
        return name.Length > 0
            ? new VaultReference(vault.Length > 0 ? vault : null, name)
            : throw VaultSecret.Refuse($"'{Scheme}{text}' names no secret.", $"Write {Scheme}Vault/Name, or {Scheme}Name for whichever vault has it.");
    }
}
