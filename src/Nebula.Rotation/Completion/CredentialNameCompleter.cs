using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using Nebula.Rotation.Module.Binding;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes -Name from the store, where that is a local file. A key press must not wait for a network, nor ever show an error.</summary>
public sealed class CredentialNameCompleter : IArgumentCompleter
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        ArgumentNullException.ThrowIfNull(fakeBoundParameters);
        var store = fakeBoundParameters["Store"] as string;
        if (StorePath.IsAddress(store ?? Environment.GetEnvironmentVariable("NEBULA_STORE") ?? ""))
            return [];
        var word = (wordToComplete ?? "").Trim('\'', '"');
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            var path = AbsolutePath(store);
            // On the thread pool, and left behind if it does not mind the token.
            var find = Task.Run(() => FindAsync(path, word, fakeBoundParameters["Scope"] as string, deadline.Token), CancellationToken.None);
            return find.Wait(Patience) ? find.Result.Select(ToResult).ToArray() : [];
        }
#pragma warning disable CA1031 // No store yet, a wrong key, an engine that does not load: the command itself will say so, a completer has no way to.
        catch (Exception)
#pragma warning restore CA1031
        {
            return [];
        }
    }

    private static async Task<IReadOnlyList<DatabaseCredential>> FindAsync(string? store, string word, string? scope, CancellationToken cancellationToken)
    {
        await using var service = await RotationServices.OpenAsync(new RotationServiceOptions { Store = store }, cancellationToken);
        var found = await service.FindAsync(new CredentialFilter { Scope = scope }, cancellationToken);
        return [.. found.Where(c => c.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase)).OrderBy(c => c.Name, StringComparer.OrdinalIgnoreCase)];
    }

    private static string? AbsolutePath(string? store)
    {
        if (store is null || Runspace.DefaultRunspace is null)
            return store;
        return Runspace.DefaultRunspace.SessionStateProxy.Path.GetUnresolvedProviderPathFromPSPath(store);
    }

    // Always safe, and only where it is needed: plain names stay plain.
    private static string Quote(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? name : $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'";

    private static CompletionResult ToResult(DatabaseCredential credential) => new(
        Quote(credential.Name),
        credential.Name,
        CompletionResultType.ParameterValue,
        $"{credential.DatabaseType} {credential.FormatEndpoints()}/{credential.Database} as {credential.Username}");
}
