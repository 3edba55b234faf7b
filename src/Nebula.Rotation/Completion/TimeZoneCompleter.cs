using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Nebula.Rotation.Module.Completion;

/// <summary>Completes the names of this system's time zones, by their beginning or by that of a city: Zurich becomes Europe/Zurich.</summary>
public sealed class TimeZoneCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var context = new CompletionContext(commandName, wordToComplete ?? "", fakeBoundParameters);
        return TimeZoneInfo.GetSystemTimeZones()
            .Where(zone => context.Begins(zone.Id) || zone.Id.Split('/').Any(context.Begins))
            .OrderBy(zone => zone.Id, StringComparer.Ordinal)
            .Select(zone => new CompletionResult(zone.Id.Contains(' ') ? $"'{zone.Id}'" : zone.Id, zone.Id, CompletionResultType.ParameterValue, zone.DisplayName));
    }
}
