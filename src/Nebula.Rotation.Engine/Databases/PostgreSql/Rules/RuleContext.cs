using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.PostgreSql.Rules;

/// <summary>Whom the statements are about, and where they go.</summary>
/// <param name="Login">The login to change.</param>
/// <param name="Output">Takes the statements.</param>
internal sealed record RuleContext(LoginSnapshot Login, StatementList Output)
{
    /// <summary>The other login of the rotation: whom to copy from, or who has the same already.</summary>
    public LoginSnapshot? Other { get; init; }

    public string LoginName { get; } = PostgreSqlDialect.Identifier(Login.Username);

    public bool Has(PostgreSqlFeatures feature) => ((PostgreSqlFeatures)Login.Server.Features & feature) != 0;

    /// <summary>A role of a fact as statements name it; null is the login too.</summary>
    public string Role(string? factRole) => factRole is null or PermissionFact.Login ? LoginName : factRole;
}
