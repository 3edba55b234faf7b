using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using Nebula.Rotation.Module.Binding;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes from the store, where that is a local file. A key press must not wait for a network, nor ever show an error.</summary>
public abstract class StoreCompleter : IArgumentCompleter
{
    private const string StoreParameter = "Store";

    // -Store is what people put into $PSDefaultParameterValues; the completer is told of the command line alone. In a pipeline of the session: while one runs, and
    // one always does, the session's state is to be had in no other way.
    private const string Find = """
        param($Store, $Command)
        if (-not $Store -and $PSDefaultParameterValues) {
            foreach ($entry in $PSDefaultParameterValues.GetEnumerator()) {
                $for, $parameter = $entry.Key -split ':(?=[^:]*$)'
                if ("$parameter".Trim() -eq 'Store' -and $Command -like $for.Trim() -and $entry.Value -is [string]) { $Store = $entry.Value }
            }
        }
        if ($Store -and -not $Store.Contains('://')) { $Store = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Store) }
        $Store
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        ArgumentNullException.ThrowIfNull(fakeBoundParameters);
        var context = new CompletionContext(commandName, wordToComplete ?? "", fakeBoundParameters);
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            var store = FindStore(context);
            if (StorePath.IsAddress(store ?? Environment.GetEnvironmentVariable("NEBULA_STORE") ?? ""))
                return [];
            // On the thread pool, and left behind if it does not mind the token.
            var find = Task.Run(() => OpenAndFindAsync(store, context, deadline.Token), CancellationToken.None);
            return find.Wait(Patience) ? find.Result : [];
        }
#pragma warning disable CA1031 // No store yet, a wrong key, an engine that does not load: the command itself will say so, a completer has no way to.
        catch (Exception)
#pragma warning restore CA1031
        {
            return [];
        }
    }

    /// <summary>What the word can become, in the order in which it is offered.</summary>
    private protected abstract Task<IReadOnlyList<CompletionResult>> FindAsync(IRotationService service, CompletionContext context, CancellationToken cancellationToken);

    /// <summary>A value as it stands on a command line: always safe, and quoted only where it is needed.</summary>
    private protected static CompletionResult ToResult(string value, string tip, string? shown = null) =>
        new(Quote(value), shown ?? value, CompletionResultType.ParameterValue, tip.Length > 0 ? tip : value);

    /// <summary>Words that credentials have, each once, and how many have it.</summary>
    private protected static IReadOnlyList<CompletionResult> Count(IEnumerable<string> words, CompletionContext context) =>
    [
        .. words.Where(context.Begins)
            .GroupBy(word => word, StringComparer.OrdinalIgnoreCase)
            .OrderBy(group => group.Key, StringComparer.OrdinalIgnoreCase)
            .Select(group => ToResult(group.Key, group.Count() == 1 ? "1 credential" : $"{group.Count()} credentials")),
    ];

    private async Task<IReadOnlyList<CompletionResult>> OpenAndFindAsync(string? store, CompletionContext context, CancellationToken cancellationToken)
    {
        await using var service = await RotationServices.OpenAsync(new RotationServiceOptions { Store = store }, cancellationToken);
        return await FindAsync(service, context, cancellationToken);
    }

    private static string? FindStore(CompletionContext context)
    {
        if (Runspace.DefaultRunspace is null)
            return context[StoreParameter];
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddScript(Find, useLocalScope: true).AddArgument(context[StoreParameter]).AddArgument(context.Command);
        return shell.Invoke().FirstOrDefault()?.BaseObject as string;
    }

    private static string Quote(string value) =>
        value.Length > 0 && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? value
            : $"'{CodeGeneration.EscapeSingleQuotedStringContent(value)}'";
}
