namespace Nebula.Rotation.Engine.Databases.PostgreSql;

/// <summary>What one server can do that another cannot, so that rules ask for a feature and never for a version.</summary>
[Flags]
internal enum PostgreSqlFeatures : long
{
    None = 0,

    /// <summary>
    /// Memberships have INHERIT and SET options, several grantors each, and the grantor counts (16+; manual, "GRANT", notes of release 16).
    /// Before, a membership has one row, and inheriting is an attribute of the member.
    /// </summary>
    MembershipOptions = 1,

    /// <summary>A subscription's owner need not be a superuser (16+; manual, "ALTER SUBSCRIPTION").</summary>
    AnySubscriptionOwner = 2,

    /// <summary>There are default privileges on large objects (18+; manual, "ALTER DEFAULT PRIVILEGES").</summary>
    LargeObjectDefaults = 4,
}
