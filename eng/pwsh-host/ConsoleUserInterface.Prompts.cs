using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Nebula.Rotation.PwshHost;

/// <summary>What a script asks. Every question is refused where nobody can answer (<see cref="ConsoleInput.RequireUser"/>).</summary>
internal sealed partial class ConsoleUserInterface
{
    public override string ReadLine()
    {
        input.RequireUser("a line of text");
        return input.ReadLine() ?? "";
    }

    public override SecureString ReadLineAsSecureString()
    {
        input.RequireUser("a secret");
        return ReadSecret();
    }

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        input.RequireUser(string.Join(", ", descriptions.Select(d => d.Name)));
        WriteHeading(caption, message);
        return descriptions.ToDictionary(d => d.Name, d => PSObject.AsPSObject(ReadField(d)), StringComparer.OrdinalIgnoreCase);
    }

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        PromptForCredential(caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName,
        PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options)
    {
        input.RequireUser("a credential");
        WriteHeading(caption, message);
        if (string.IsNullOrEmpty(userName))
        {
            Write("User: ");
            userName = input.ReadLine() ?? "";
        }

        Write($"Password for user {userName}: ");
        return new PSCredential(userName, ReadSecret());
    }

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        ArgumentOutOfRangeException.ThrowIfZero(choices.Count, nameof(choices));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(defaultChoice, choices.Count);
        input.RequireUser(Question(caption, message));
        WriteHeading(caption, message);
        var prompt = new ChoicePrompt(choices);
        while (true)
        {
            Write(prompt.Render(defaultChoice < 0 ? [] : [defaultChoice]));
            var answer = ReadAnswer();
            if (answer.Length == 0 && defaultChoice >= 0)
                return defaultChoice;
            if (answer == "?")
                WriteLine(prompt.RenderHelp());
            else if (prompt.Find(answer) is { } choice)
                return choice;
        }
    }

    public Collection<int> PromptForChoice(
        string? caption, string? message, Collection<ChoiceDescription> choices, IEnumerable<int>? defaultChoices)
    {
        ArgumentOutOfRangeException.ThrowIfZero(choices.Count, nameof(choices));
        input.RequireUser(Question(caption, message));
        WriteHeading(caption, message);
        var defaults = defaultChoices?.ToArray() ?? [];
        var prompt = new ChoicePrompt(choices);
        var chosen = new Collection<int>();
        Write(prompt.Render(defaults));
        while (true)
        {
            // One choice a line; an empty line ends the list.
            var answer = ReadAnswer();
            if (answer.Length == 0)
                return chosen.Count == 0 ? [.. defaults] : chosen;
            if (answer == "?")
                WriteLine(prompt.RenderHelp());
            else if (prompt.Find(answer) is { } choice && !chosen.Contains(choice))
                chosen.Add(choice);
        }
    }

    private object? ReadField(FieldDescription field)
    {
        var type = LanguagePrimitives.TryConvertTo(field.ParameterAssemblyFullName, out Type exact) && exact is not null
            ? exact
            : LanguagePrimitives.TryConvertTo(field.ParameterTypeFullName, out Type named) && named is not null ? named : typeof(string);
        if (type == typeof(PSCredential))
            return PromptForCredential("", field.HelpMessage, "", "");

        while (true)
        {
            Write($"{field.Name}: ");
            if (type == typeof(SecureString))
                return ReadSecret();
            var text = type.IsArray ? (object)ReadList() : input.ReadLine() ?? "";
            if (LanguagePrimitives.TryConvertTo(text, type, out var value))
                return value;
            WriteErrorLine($"'{text}' is not a value of type {type.Name}.");
        }
    }

    private string[] ReadList()
    {
        var items = new List<string>();
        while (input.ReadLine() is { Length: > 0 } item)
            items.Add(item);
        return [.. items];
    }

    private SecureString ReadSecret()
    {
        var secret = input.ReadSecret();
        // The Enter that ended it was not echoed.
        WriteLine("");
        return secret;
    }

    // The end of input is an answer to nothing: without this the question would be asked for ever.
    private string ReadAnswer() =>
        input.ReadLine()?.Trim() ?? throw new HostException("The input ended before the question was answered.");

    private static string Question(string? caption, string? message) =>
        string.IsNullOrWhiteSpace(message) ? $"a choice ({caption})" : $"a choice ({message.ReplaceLineEndings(" ")})";

    private void WriteHeading(string? caption, string? message)
    {
        if (!string.IsNullOrEmpty(caption))
            WriteLine(Environment.NewLine + PSStyle.Instance.Bold + caption + PSStyle.Instance.Reset);
        if (!string.IsNullOrEmpty(message))
            WriteLine(message);
    }
}
