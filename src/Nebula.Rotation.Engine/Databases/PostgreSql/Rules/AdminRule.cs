using System.Text.Json;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>
/// What an admin that is no superuser does for itself: it becomes a member of both logins, so that it sees and may end their sessions, acts as either, and gives what one owns to the
/// other. It may do so at any time, since it administers them; the membership is no fact of a login, and stays with it.
/// </summary>
internal static class AdminRule
{
    public const string Name = "Admin";

    public static void Join(LoginSnapshot source, LoginSnapshot target, StatementList output)
    {
        if (Admin(target) is not { } admin)
            return;
        var options = new RuleContext(target, output).Has(PostgreSqlFeatures.MembershipOptions) ? " WITH INHERIT TRUE, SET TRUE" : "";
        foreach (var login in new[] { target, source })
        {
            if (login != target || target.Exists)
            {
                if (login.Hints.ContainsKey(HintNames.AdminIsMember))
                    continue;
            }

            output.Add(Name, null, $"GRANT {PostgreSqlDialect.Identifier(login.Username)} TO {admin}{options}");
        }
    }

    /// <summary>The admin as statements name it; null for a superuser.</summary>
    public static string? Admin(LoginSnapshot login) => login.Hints.GetValueOrDefault(HintNames.Admin);

    public static IReadOnlyList<string> MissingRights(LoginSnapshot login) =>
        login.Hints.TryGetValue(HintNames.MissingRights, out var rights) ? JsonSerializer.Deserialize<string[]>(rights)! : [];

    /// <summary>Who gave the login facts that the admin cannot take away, by the fact in words.</summary>
    public static IReadOnlyDictionary<string, string> GivenByOthers(LoginSnapshot login) =>
        login.Hints.TryGetValue(HintNames.GivenByOthers, out var facts) ? JsonSerializer.Deserialize<Dictionary<string, string>>(facts)! : new Dictionary<string, string>();
}
