using System.Management.Automation;
using System.Reflection;

namespace Nebula.Rotation.Help;

/// <summary>What the assembly says of a cmdlet.</summary>
public sealed class CmdletFacts
{
    private static readonly string[] ShouldProcess = ["WhatIf", "Confirm"];

    private CmdletFacts(Type type, CmdletAttribute cmdlet)
    {
        Verb = cmdlet.VerbName;
        Noun = cmdlet.NounName;
        var instance = Activator.CreateInstance(type)!;
        try
        {
            Parameters =
            [
                .. Declared(type).Select(property => ParameterFact.Read(property, instance)).OfType<ParameterFact>(),
                .. cmdlet.SupportsShouldProcess ? ShouldProcess.Select(ParameterFact.OfShouldProcess) : [],
            ];
        }
        finally
        {
            (instance as IDisposable)?.Dispose();
        }

        OutputTypes = [.. type.GetCustomAttributes<OutputTypeAttribute>().SelectMany(output => output.Type).Select(output => Types.FullName(output.Type))];
        Sets = [.. Parameters.SelectMany(parameter => parameter.Uses).Select(use => use.ParameterSetName).Where(set => set != ParameterAttribute.AllParameterSets).Distinct()];
        if (Sets.Count == 0)
            Sets = [ParameterAttribute.AllParameterSets];
        else if (cmdlet.DefaultParameterSetName is { Length: > 0 } first && Sets.Contains(first))
            Sets = [first, .. Sets.Where(set => set != first)];
    }

    /// <summary>The verb.</summary>
    public string Verb { get; }

    /// <summary>The noun.</summary>
    public string Noun { get; }

    /// <summary>Verb and noun.</summary>
    public string Name => $"{Verb}-{Noun}";

    /// <summary>The cmdlet's own first, then those of its bases, then -WhatIf and -Confirm.</summary>
    public IReadOnlyList<ParameterFact> Parameters { get; }

    /// <summary>The default one first.</summary>
    public IReadOnlyList<string> Sets { get; }

    /// <summary>Whole names.</summary>
    public IReadOnlyList<string> OutputTypes { get; }

    /// <summary>The parameters of a set: by position, then mandatory ones, then the others.</summary>
    public IEnumerable<(ParameterFact Parameter, ParameterAttribute Use)> In(string set) => Parameters
        .Where(parameter => parameter.In(set) is not null)
        .Select(parameter => (parameter, parameter.In(set)!))
        .OrderBy(pair => pair.Item2.Position == int.MinValue ? int.MaxValue : pair.Item2.Position)
        .ThenBy(pair => !pair.Item2.Mandatory);

    /// <summary>A line a parameter set.</summary>
    public string Syntax(string set)
    {
        var words = In(set).Select(pair =>
        {
            var (parameter, use) = pair;
            var name = use.Position == int.MinValue ? $"-{parameter.Name}" : $"[-{parameter.Name}]";
            var text = parameter.IsSwitch ? name : $"{name} <{parameter.TypeName}>";
            return use.Mandatory ? text : $"[{text}]";
        });
        return string.Join(' ', [Name, .. words, "[<CommonParameters>]"]);
    }

    /// <summary>Every cmdlet of an assembly, by name.</summary>
    public static IReadOnlyList<CmdletFacts> Read(Assembly assembly) =>
    [
        .. assembly.GetExportedTypes()
            .Select(type => (Type: type, Cmdlet: type.GetCustomAttribute<CmdletAttribute>()))
            .Where(found => found.Cmdlet is not null && !found.Type.IsAbstract)
            .Select(found => new CmdletFacts(found.Type, found.Cmdlet!))
            .OrderBy(facts => facts.Name, StringComparer.Ordinal),
    ];

    private static IEnumerable<PropertyInfo> Declared(Type type)
    {
        // What a class declares anew counts, not what it overrides.
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (var at = type; at is not null && at != typeof(PSCmdlet); at = at.BaseType)
        {
            foreach (var property in at.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            {
                if (seen.Add(property.Name))
                    yield return property;
            }
        }
    }
}
