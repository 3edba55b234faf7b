using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>Names of what a snapshot tells the planner beside the facts.</summary>
internal static class HintNames
{
    /// <summary>Hosts of accounts that are locked, as a JSON array.</summary>
    public const string Locked = "locked";

    /// <summary>Hosts of accounts that take a second password, as a JSON array.</summary>
    public const string SecondPassword = "second_password";

    /// <summary>Tables that rights are for and that are not there now, as a JSON array of names as in facts.</summary>
    public const string MissingTables = "missing_tables";

    /// <summary>Rights on columns and routines that are not there any more, which cannot be granted again: a JSON array of sentences.</summary>
    public const string Dead = "dead";

    /// <summary>"true" when objects are made again with another definer, rather than the old account kept.</summary>
    public const string Recreates = "recreates";

    /// <summary>All default roles of somebody who has the login among them, as a JSON array. <see cref="Of"/> an account.</summary>
    public const string DefaultRoles = "default_roles";

    /// <summary>How an object was made: a <see cref="Definers.ObjectDefinition"/> as JSON. <see cref="Of"/> a type and name.</summary>
    public const string Definition = "definition";

    public static string Of(string hint, string what) => $"{hint}:{what}";

    public static IReadOnlyList<string> List(this LoginSnapshot login, string hint) =>
        login.Hints.TryGetValue(hint, out var json) ? JsonSerializer.Deserialize<List<string>>(json)! : [];
}
