using System.Collections;
using System.Management.Automation;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Binding;

/// <summary>Takes a PasswordPolicy or a table such as @{ Length = 48; Symbols = '-_' }; what the table leaves out has its default.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PasswordPolicyAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            null => null,
            PasswordPolicy policy => policy,
            IDictionary table => FromTable(table),
            var other => throw Wrong($"A {other.GetType().Name} is no password policy."),
        };

    private static PasswordPolicy FromTable(IDictionary table)
    {
        var policy = PasswordPolicy.Default;
        foreach (DictionaryEntry entry in table)
        {
            var key = entry.Key.ToString();
            if (string.Equals(key, nameof(PasswordPolicy.Length), StringComparison.OrdinalIgnoreCase))
                policy = policy with { Length = Read<int>(entry) };
            else if (string.Equals(key, nameof(PasswordPolicy.Symbols), StringComparison.OrdinalIgnoreCase))
                policy = policy with { Symbols = Read<string>(entry) ?? "" };
            else
                throw Wrong($"A password policy has no '{key}'.");
        }

        return policy;
    }

    private static T Read<T>(DictionaryEntry entry) =>
        LanguagePrimitives.TryConvertTo<T>(entry.Value, out var value)
            ? value
            : throw Wrong($"'{entry.Value}' is no value for {entry.Key} of a password policy.");

    private static ArgumentTransformationMetadataException Wrong(string message)
    {
        var reason = InvalidArgument.Because($"{message} Give a table such as @{{ Length = 48; Symbols = '-_.~' }}.");
        return new ArgumentTransformationMetadataException(reason.Message, reason);
    }
}
