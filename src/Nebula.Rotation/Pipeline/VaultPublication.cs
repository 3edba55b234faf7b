using System.Collections;
using System.Management.Automation;
using System.Security;
using Nebula.Rotation.Module.Binding;

namespace Nebula.Rotation.Module.Pipeline;

/// <summary>
/// Secrets in a vault of Microsoft.PowerShell.SecretManagement, each a PSCredential or a text, with metadata that names user and version. A rollback gives
/// each secret the old login, if it still holds the new one: a secret that was not there before stays, with the login that is live.
/// </summary>
internal sealed class VaultPublication(PublishTarget target) : ISessionPublication
{
    private const string Read = """
        $in = @{}
        if ($Vault) { $in.Vault = $Vault }
        if (Get-SecretInfo -Name ([Management.Automation.WildcardPattern]::Escape($Name)) @in) { Get-Secret -Name $Name @in *>&1 }
        """;

    private const string Write = """
        $in = @{}
        if ($Vault) { $in.Vault = $Vault }
        if ($Metadata) { $in.Metadata = $Metadata }
        Set-Secret -Name $Name -Secret $Secret @in *>&1
        """;

    public PublishScriptResult Run(PublishContext context, CancellationToken cancellationToken)
    {
        var mask = new SecretMask([context.Login.Password, context.PreviousLogin?.Password, .. context.Entries.Values, .. context.PreviousEntries.Values]);
        var changed = new List<string>();
        foreach (var name in target.Entries.Keys)
        {
            if (context.IsRollback)
            {
                var read = Call(name, Read, "", [], mask, cancellationToken);
                if (read.Failure is not null)
                    return read;
                var held = read.Output.FirstOrDefault(item => item is not null);
                if (held is null || Holds(held, name, context.Login, context.Entries))
                    continue;
                if (context.PreviousLogin is not { } previous || !Holds(held, name, previous, context.PreviousEntries))
                {
                    changed.Add(name);
                    continue;
                }
            }

            var written = Call(name, Write, ", $Secret, $Metadata", new() { ["Secret"] = Value(name, context), ["Metadata"] = Metadata(context) }, mask, cancellationToken);
            if (written.Failure is not null)
                return written;
        }

        return new PublishScriptResult
        {
            Found = changed.Count == 0 ? null : $"{target}: somebody else has changed {string.Join(", ", changed.Select(name => $"'{name}'"))} meanwhile; left as it is.",
        };
    }

    private PublishScriptResult Call(string name, string body, string parameters, Dictionary<string, object?> arguments, SecretMask mask, CancellationToken cancellationToken)
    {
        arguments["Name"] = name;
        arguments["Vault"] = Option("Vault");
        return SessionScript.Run($"The vault's secret '{name}'", $"param($Name, $Vault{parameters})", body, arguments, mask, cancellationToken);
    }

    private static object Value(string name, PublishContext context) => context.Entries.TryGetValue(name, out var text)
        ? text.ToSecureString()
        : new PSCredential(context.Login.Username, context.Login.Password.ToSecureString());

    private static bool Holds(object held, string name, Login login, IReadOnlyDictionary<string, Secret> entries) => held switch
    {
        PSCredential credential => !entries.ContainsKey(name) && credential.UserName == login.Username && credential.ToLogin(name)!.Password.Equals(login.Password),
        SecureString secure => entries.TryGetValue(name, out var text) && new PSCredential("x", secure).ToLogin(name)!.Password.Equals(text),
        string plain => entries.TryGetValue(name, out var text) && new Secret(plain).Equals(text),
        _ => false,
    };

    private Hashtable? Metadata(PublishContext context) => bool.TryParse(Option("Metadata"), out var wanted) && !wanted ? null : new()
    {
        ["Username"] = context.Login.Username,
        ["Version"] = context.Credential.Version,
        ["Credential"] = context.Credential.Name,
        ["RotationId"] = context.RotationId.ToString("D"),
    };

    private string? Option(string name) => target.Options.FirstOrDefault(option => option.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
