using System.Collections;
using System.Management.Automation;
using System.Reflection;

namespace Nebula.Rotation.Help;

/// <summary>What the assembly says of a parameter.</summary>
public sealed class ParameterFact
{
    private ParameterFact(string name, Type type, IReadOnlyList<ParameterAttribute> uses)
    {
        Name = name;
        Type = type;
        Uses = uses;
    }

    /// <summary>The name, without its dash.</summary>
    public string Name { get; }

    /// <summary>The type, without Nullable.</summary>
    public Type Type { get; }

    /// <summary>One a parameter set that it is in.</summary>
    public IReadOnlyList<ParameterAttribute> Uses { get; }

    /// <summary>True for a switch, which takes no value.</summary>
    public bool IsSwitch => Type == typeof(SwitchParameter);

    /// <summary>True where a name may have wildcards.</summary>
    public bool TakesWildcards { get; private init; }

    /// <summary>What the property has before anything is bound; null for nothing.</summary>
    public string? Default { get; private init; }

    /// <summary>The values that it takes, where they can be listed.</summary>
    public IReadOnlyList<string> Values { get; private init; } = [];

    /// <summary>The least and the greatest number, or null.</summary>
    public (object Least, object Greatest)? Range { get; private init; }

    /// <summary>Other names.</summary>
    public IReadOnlyList<string> Aliases { get; private init; } = [];

    /// <summary>The type as PowerShell writes it.</summary>
    public string TypeName => IsSwitch ? "switch" : Types.Name(Type);

    /// <summary>Its use in a parameter set, or null.</summary>
    public ParameterAttribute? In(string set) =>
        Uses.FirstOrDefault(use => use.ParameterSetName == set) ?? Uses.FirstOrDefault(use => use.ParameterSetName == ParameterAttribute.AllParameterSets);

    /// <summary>"true (ByValue)" and the like, as help has it.</summary>
    public static string PipelineInput(IEnumerable<ParameterAttribute> uses)
    {
        var ways = new List<string>();
        if (uses.Any(use => use.ValueFromPipeline))
            ways.Add("ByValue");
        if (uses.Any(use => use.ValueFromPipelineByPropertyName))
            ways.Add("ByPropertyName");
        return ways.Count == 0 ? "false" : $"true ({string.Join(", ", ways)})";
    }

    /// <summary>-WhatIf and -Confirm, which no property has.</summary>
    public static ParameterFact OfShouldProcess(string name) => new(name, typeof(SwitchParameter), [new ParameterAttribute()]);

    /// <summary>Reads a property; null where it is no parameter.</summary>
    public static ParameterFact? Read(PropertyInfo property, object cmdlet)
    {
        var uses = property.GetCustomAttributes<ParameterAttribute>().Where(use => !use.DontShow).ToList();
        if (uses.Count == 0)
            return null;
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var element = type.IsArray ? type.GetElementType()! : type;
        var range = property.GetCustomAttribute<ValidateRangeAttribute>();
        return new ParameterFact(property.Name, type, uses)
        {
            TakesWildcards = property.GetCustomAttribute<SupportsWildcardsAttribute>() is not null,
            Default = uses.All(use => use.Mandatory) ? null : Text(property.GetValue(cmdlet)),
            Values = element.IsEnum ? Enum.GetNames(element) : property.GetCustomAttribute<ValidateSetAttribute>()?.ValidValues.ToArray() ?? [],
            Aliases = property.GetCustomAttribute<AliasAttribute>()?.AliasNames.ToArray() ?? [],
            Range = range is { MinRange: { } least, MaxRange: { } greatest } ? (least, greatest) : null,
        };
    }

    private static string? Text(object? value) => value switch
    {
        null or "" or SwitchParameter => null,
        IEnumerable list and not string => string.Join(", ", list.Cast<object>()) is { Length: > 0 } items ? items : null,
        IConvertible or TimeSpan => value.ToString(),
        // What a type of ours stands for its text has to say.
        _ => null,
    };
}
