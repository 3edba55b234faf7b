using System.Collections;
using System.Collections.Specialized;
using System.Management.Automation;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Binding;

/// <summary>
/// Takes names, such as DATABASE_URL, or a table of names and what each holds, such as @{ DB_USER = 'Username'; DB_URL = 'Uri' }. A name alone holds what
/// -Format says: its value in the dictionary that this makes is null.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EntriesAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var entries = new OrderedDictionary();
        switch (inputData is PSObject wrapped ? wrapped.BaseObject : inputData)
        {
            case null:
                return null;
            case IDictionary table:
                // A plain table has no order of its own; the file should not depend on the day.
                var names = table.Keys.Cast<object>().Select(key => $"{key}");
                foreach (var name in table is Hashtable ? names.Order(StringComparer.Ordinal) : names)
                    Add(entries, name, Read(name, table[name]));
                break;
            case string name:
                Add(entries, name, null);
                break;
            case IEnumerable list:
                foreach (var item in list)
                    Add(entries, (item is PSObject element ? element.BaseObject : item) as string ?? throw Wrong($"'{item}' is no name."), null);
                break;
            case var other:
                throw Wrong($"A {other.GetType().Name} names no entries.");
        }

        return entries;
    }

    private static void Add(OrderedDictionary entries, string name, PublishFormat? format)
    {
        if (string.IsNullOrWhiteSpace(name))
            throw Wrong("An entry has no name.");
        if (entries.Contains(name))
            throw Wrong($"The entry '{name}' is given twice.");
        entries.Add(name, format);
    }

    private static PublishFormat Read(string name, object? value) =>
        LanguagePrimitives.TryConvertTo<PublishFormat>(value, out var format)
            ? format
            : throw Wrong($"'{value}' is nothing that the entry '{name}' can hold. It is one of: {string.Join(", ", Enum.GetNames<PublishFormat>())}.");

    private static ArgumentTransformationMetadataException Wrong(string message)
    {
        var reason = InvalidArgument.Because($"{message} Give a name, or a table such as @{{ DB_USER = 'Username'; DB_URL = 'Uri' }}.");
        return new ArgumentTransformationMetadataException(reason.Message, reason);
    }
}
