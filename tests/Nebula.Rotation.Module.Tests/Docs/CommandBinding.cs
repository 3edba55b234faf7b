using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using Nebula.Rotation.Help;

namespace Nebula.Rotation.Module.Tests.Docs;

/// <summary>
/// Whether a call would bind: each parameter exists under its whole name, each value that is written out is taken, and one parameter set at least has
/// everything. Nothing is run.
/// </summary>
internal static class CommandBinding
{
    private const string Gap = "…";

    private static readonly Dictionary<string, (CmdletFacts Facts, Type Type)> Known = CmdletFacts.Read(typeof(Commands.InvokeNebulaRotationCommand).Assembly)
        .ToDictionary(facts => facts.Name, facts => (facts, TypeOf(facts.Name)), StringComparer.OrdinalIgnoreCase);

    /// <summary>True for a command of this module.</summary>
    public static bool Knows(CommandAst call) => call.GetCommandName() is { } name && Known.ContainsKey(name);

    /// <summary>What is wrong with a call, or null. One that leaves a gap (…) need not be whole.</summary>
    public static string? Problem(CommandAst call) => Problem(call, isWhole: call.CommandElements.All(element => element.Extent.Text != Gap));

    /// <summary>What is wrong with a call that a sentence mentions, which need not be whole.</summary>
    public static string? ProblemOfMention(CommandAst call) => Problem(call, isWhole: false);

    private static string? Problem(CommandAst call, bool isWhole)
    {
        var (facts, type) = Known[call.GetCommandName()];
        if (call.GetCommandName() != facts.Name)
            return $"{call.GetCommandName()} is written {facts.Name}";
        var (bound, positional) = (new Dictionary<string, Ast?>(StringComparer.Ordinal), new List<Ast>());
        for (var at = 1; at < call.CommandElements.Count; at++)
        {
            if (call.CommandElements[at] is not CommandParameterAst parameter)
            {
                positional.Add(call.CommandElements[at]);
                continue;
            }

            var name = parameter.ParameterName;
            if (Cmdlet.CommonParameters.Contains(name))
            {
                at += name is "Verbose" or "Debug" ? 0 : 1;
                continue;
            }

            if (facts.Parameters.FirstOrDefault(known => known.Name == name) is not { } fact)
                return $"{facts.Name} has no parameter -{name}";
            if (bound.ContainsKey(name))
                return $"-{name} is given twice";
            bound[name] = parameter.Argument ?? (fact.IsSwitch ? null : at + 1 < call.CommandElements.Count ? call.CommandElements[++at] : null);
            if (isWhole && bound[name] is null && !fact.IsSwitch)
                return $"-{name} has no value";
        }

        var isPiped = call.Parent is PipelineAst pipeline && pipeline.PipelineElements[0] != call;
        if (isWhole && !facts.Sets.Any(set => Fits(facts, set, bound, positional, isPiped)))
            return "no parameter set has all that is given, with what it needs";
        foreach (var (name, value) in bound)
        {
            if (value is not null && Refusal(type.GetProperty(name), value) is { } refusal)
                return $"-{name} {value.Extent.Text}: {refusal}";
        }

        return null;
    }

    private static bool Fits(CmdletFacts facts, string set, Dictionary<string, Ast?> bound, List<Ast> positional, bool isPiped)
    {
        var here = facts.In(set).ToList();
        if (bound.Keys.Any(name => here.All(pair => pair.Parameter.Name != name)))
            return false;
        var places = here.Where(pair => pair.Use.Position != int.MinValue && !bound.ContainsKey(pair.Parameter.Name)).Select(pair => pair.Parameter.Name).ToList();
        return positional.Count <= places.Count && here.Where(pair => pair.Use.Mandatory).All(pair =>
            bound.ContainsKey(pair.Parameter.Name)
            || places.Take(positional.Count).Contains(pair.Parameter.Name)
            || (isPiped && (pair.Use.ValueFromPipeline || pair.Use.ValueFromPipelineByPropertyName)));
    }

    private static string? Refusal(PropertyInfo? property, Ast value)
    {
        // -WhatIf and -Confirm have no property; what is worked out at run time is not known here.
        if (property is null || !IsWrittenOut(value))
            return null;
        try
        {
            // A number keeps the letters that it was written with, as on a command line.
            var given = value is ConstantExpressionAst and not StringConstantExpressionAst ? value.Extent.Text : Value(value);
            foreach (var transformation in property.GetCustomAttributes<ArgumentTransformationAttribute>().Where(transformation => transformation is not CredentialAttribute))
                given = transformation.Transform(null!, given!);
            _ = LanguagePrimitives.ConvertTo(given, property.PropertyType, System.Globalization.CultureInfo.InvariantCulture);
            return null;
        }
        catch (Exception e) when (e is ArgumentTransformationMetadataException or PSInvalidCastException)
        {
            return e.Message;
        }
    }

    private static bool IsWrittenOut(Ast value) =>
        value.Find(node => node is VariableExpressionAst or CommandAst or ScriptBlockExpressionAst or MemberExpressionAst, searchNestedScriptBlocks: true) is null;

    private static object? Value(Ast value) => value switch
    {
        StringConstantExpressionAst text => text.Value,
        ArrayLiteralAst list => list.Elements.Select(Value).ToArray(),
        HashtableAst table => new Hashtable(table.KeyValuePairs.ToDictionary(pair => Value(pair.Item1)!, pair => Value(((PipelineAst)pair.Item2).GetPureExpression()!))),
        ParenExpressionAst { Pipeline: PipelineAst inner } => Value(inner.GetPureExpression()!),
        ExpressionAst expression => expression.SafeGetValue(),
        _ => value.Extent.Text,
    };

    private static Type TypeOf(string name) => typeof(Commands.InvokeNebulaRotationCommand).Assembly.GetExportedTypes()
        .Single(type => type.GetCustomAttribute<CmdletAttribute>() is { } cmdlet && $"{cmdlet.VerbName}-{cmdlet.NounName}" == name);
}
