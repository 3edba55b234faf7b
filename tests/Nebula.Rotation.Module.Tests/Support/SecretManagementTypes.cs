using System.Collections;

// SecretManagement's own module is not to be had as a package here: the two types of it that a vault names, with the constructor that a vault calls.
namespace Microsoft.PowerShell.SecretManagement;

public enum SecretType
{
    Unknown,
    SecureString,
    PSCredential,
}

public sealed class SecretInformation(string name, SecretType type, string vaultName, Hashtable metadata)
{
    public string Name { get; } = name;

    public SecretType Type { get; } = type;

    public string VaultName { get; } = vaultName;

    public Hashtable Metadata { get; } = metadata;
}
