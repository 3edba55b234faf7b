namespace Nebula.Rotation.Engine.Databases.PostgreSql.Admins;

/// <summary>What an admin that is no superuser may do with a role, in one database.</summary>
/// <param name="Name">The role as a GRANT to the admin names it, quoted: the owner of the database for pg_database_owner, which nobody can be made a member of.</param>
/// <param name="IsSuperuser">Whether that one is a superuser.</param>
/// <param name="Has">Whether the admin has its privileges, or will when it is a member of the login.</param>
/// <param name="CanBe">Whether the admin can switch to it with SET ROLE, or will.</param>
/// <param name="MayGrant">Whether the admin can make others members of it.</param>
/// <param name="HasOwn">Whether the admin has its privileges now.</param>
/// <param name="CanBeOwn">Whether the admin can switch to it now.</param>
internal sealed record AdminRole(string Name, bool IsSuperuser, bool Has, bool CanBe, bool MayGrant, bool HasOwn, bool CanBeOwn);
