using System.Text.Json;
using System.Text.Json.Nodes;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql.Rules;

/// <summary>What an account is beside its rights: one ALTER USER an account.</summary>
internal sealed class AttributeRule : IFactRule
{
    /// <summary>The names in the order of the statement's grammar, each with the value of an account that has none (manual, "ALTER USER Statement").</summary>
    private static readonly (string Name, string Default)[] Clauses =
    [
        ("REQUIRE", "NONE"),
        ("MAX_QUERIES_PER_HOUR", "0"),
        ("MAX_UPDATES_PER_HOUR", "0"),
        ("MAX_CONNECTIONS_PER_HOUR", "0"),
        ("MAX_USER_CONNECTIONS", "0"),
        ("MAX_STATEMENT_TIME", "0"),
        ("PASSWORD EXPIRE", "DEFAULT"),
        ("PASSWORD HISTORY", "DEFAULT"),
        ("PASSWORD REUSE INTERVAL", "DEFAULT"),
        ("PASSWORD REQUIRE CURRENT", "DEFAULT"),
        ("FAILED_LOGIN_ATTEMPTS", "0"),
        ("PASSWORD_LOCK_TIME", "0"),
    ];

    public string Name => "Attribute";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Attribute;

    public void Take(RuleContext context, FactChanges changes)
    {
        // Set to the default together with what is given.
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var account in changes.Missing.Concat(changes.Extra).Select(fact => fact.Grantee).Distinct())
        {
            var given = changes.Missing.Where(fact => fact.Grantee == account).ToDictionary(fact => fact.Name, fact => fact.Value!);
            var taken = changes.Extra.Where(fact => fact.Grantee == account).Select(fact => fact.Name).ToHashSet();
            var clauses = new List<string>();
            var limits = 0;
            foreach (var (name, none) in Clauses)
            {
                if (!given.TryGetValue(name, out var value))
                {
                    if (!taken.Contains(name))
                        continue;
                    value = none;
                }

                if (name.StartsWith("MAX_", StringComparison.Ordinal) && limits++ == 0)
                    clauses.Add("WITH");
                clauses.Add($"{name} {value}".TrimEnd());
            }

            context.Output.Add(Name, $"ALTER USER {context.Name(account)} {string.Join(' ', clauses)}");
        }
    }
}

/// <summary>ATTRIBUTE and COMMENT (MySQL manual, "CREATE USER Comment and Attribute Options"): JSON that a statement merges into what is there.</summary>
internal sealed class MetadataRule : IFactRule
{
    public string Name => "Metadata";

    public bool Handles(PermissionFact fact) => fact.Kind == FactKinds.Metadata;

    public void Take(RuleContext context, FactChanges changes)
    {
        // Merged away together with what is given.
    }

    public void Give(RuleContext context, FactChanges changes)
    {
        foreach (var account in changes.Missing.Concat(changes.Extra).Select(fact => fact.Grantee).Distinct())
        {
            var patch = Patch(Value(changes.Extra), Value(changes.Missing));
            context.Output.Add(Name, $"ALTER USER {context.Name(account)} ATTRIBUTE {MySqlDialect.Literal(patch.ToJsonString())}");

            JsonObject Value(IReadOnlyList<PermissionFact> facts) =>
                facts.FirstOrDefault(fact => fact.Grantee == account)?.Value is { } json ? JsonNode.Parse(json)!.AsObject() : [];
        }
    }

    /// <summary>What merged into one gives the other (RFC 7396).</summary>
    private static JsonObject Patch(JsonObject from, JsonObject to)
    {
        var patch = new JsonObject();
        foreach (var (name, value) in to)
        {
            if (from[name] is JsonObject before && value is JsonObject after)
                patch[name] = Patch(before, after);
            else
                patch[name] = value?.DeepClone();
        }

        foreach (var (name, _) in from)
        {
            if (!to.ContainsKey(name))
                patch[name] = null;
        }

        return patch;
    }
}
