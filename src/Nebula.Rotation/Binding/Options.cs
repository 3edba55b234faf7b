using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Binding;

/// <summary>Reads what a user gives as a table or as plain values into the forms the contract has.</summary>
internal static class Options
{
    /// <summary>Names without regard to case; numbers and dates in the invariant form, true and false in lower case, as the engines read them.</summary>
    public static IReadOnlyDictionary<string, string> ToOptions(IDictionary table)
    {
        var options = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (DictionaryEntry entry in table)
        {
            var name = entry.Key.ToString();
            if (string.IsNullOrWhiteSpace(name))
                throw InvalidArgument.Because("-Option has an entry without a name.");
            options[name] = (entry.Value is PSObject wrapped ? wrapped.BaseObject : entry.Value) switch
            {
                null => throw InvalidArgument.Because($"Option '{name}' has no value.", "Leave it out to have its default."),
                string text => text,
                bool flag => flag ? "true" : "false",
                IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
                var other => throw InvalidArgument.Because($"Option '{name}' is a {other.GetType().Name}; give a text, a number or a true or false."),
            };
        }

        return options;
    }

    /// <summary>Checks what the engine would only find out at the first rotation.</summary>
    public static PasswordPolicy Checked(PasswordPolicy policy) =>
        policy.Length is >= PasswordPolicy.MinimumLength and <= PasswordPolicy.MaximumLength
            ? policy
            : throw InvalidArgument.Because(
                $"A password of {policy.Length} characters is out of range: from {PasswordPolicy.MinimumLength} to {PasswordPolicy.MaximumLength}.");
}
