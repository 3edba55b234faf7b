using System.Collections;
using System.Management.Automation;

namespace Nebula.Rotation.Module.Completion;

/// <summary>What stands on the command line when the user asks for more of it.</summary>
internal sealed class CompletionContext(string command, string word, IDictionary bound)
{
    /// <summary>What was typed of the value, without its quotes.</summary>
    public string Word { get; } = word.Trim('\'', '"');

    /// <summary>The cmdlet.</summary>
    public string Command { get; } = command;

    /// <summary>The value of another parameter, or null; the first one of a list.</summary>
    public string? this[string parameter] => bound[parameter] switch
    {
        null => null,
        string text => text,
        IEnumerable list => list.Cast<object?>().FirstOrDefault()?.ToString(),
        var value => (value is PSObject wrapped ? wrapped.BaseObject : value).ToString(),
    };

    /// <summary>True when a value begins as the word does.</summary>
    public bool Begins(string value) => value.StartsWith(Word, StringComparison.OrdinalIgnoreCase);
}
