using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>Names of what a snapshot tells the planner beside the facts.</summary>
internal static class HintNames
{
    /// <summary>The groups of nodes where the login is, as a JSON array: "" for those with data, or <see cref="FactKinds.Sentinels"/>.</summary>
    public const string Groups = "groups";

    /// <summary>The most passwords that the login has on a node.</summary>
    public const string Passwords = "passwords";

    /// <summary>"true" when the login needs no password on some node.</summary>
    public const string NoPassword = "nopass";

    /// <summary>What this version cannot reproduce, as a JSON array of sentences.</summary>
    public const string Strange = "strange";

    /// <summary>How each node keeps its users, as a JSON array of <see cref="NodePersistence"/>.</summary>
    public const string Persistence = "persistence";

    /// <summary>The nodes where the default user's password is the setting requirepass, as a JSON array.</summary>
    public const string RequirePass = "requirepass";

    /// <summary>Every command that the rules of a <see cref="FactKinds.Commands"/> fact allow, with blanks between. <see cref="In"/> a group.</summary>
    public const string Allowed = "allowed";

    public static string In(string hint, string? group) => $"{hint}:{group}";

    public static IReadOnlyList<T> List<T>(this LoginSnapshot login, string hint) =>
        login.Hints.TryGetValue(hint, out var json) ? JsonSerializer.Deserialize<List<T>>(json) ?? [] : [];

    /// <summary>The groups, as facts name them.</summary>
    public static IEnumerable<string?> GroupsOf(this LoginSnapshot login) => login.List<string>(Groups).Select(group => group.Length == 0 ? null : group);

    public static HashSet<string>? AllowedIn(this LoginSnapshot login, string? group) =>
        login.Hints.TryGetValue(In(Allowed, group), out var text) ? [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)] : null;
}
