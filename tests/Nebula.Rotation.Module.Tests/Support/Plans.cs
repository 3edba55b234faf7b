namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>A plan with something of everything.</summary>
internal static class Plans
{
    public static RotationPlan Example(string credential) => new()
    {
        Credential = credential,
        DatabaseType = DatabaseType.PostgreSql,
        Strategy = RotationStrategy.DualUser,
        OldUsername = $"{credential}_old",
        NewUsername = $"{credential}_1f2e3d4c",
        Facts =
        [
            new PermissionFact { Kind = "Privilege", Database = "app", ObjectType = "TABLE", ObjectName = "public.items", SubName = "price", Name = "SELECT", WithGrantOption = true },
            new PermissionFact { Kind = "Owner", Database = "app", ObjectType = "TABLE", ObjectName = "public.items", Name = "OWNER", IsExclusive = true },
        ],
        Statements =
        [
            new PlanStatement(RotationStage.CreateLogin, null, $"CREATE ROLE \"{credential}_1f2e3d4c\" LOGIN PASSWORD '***'"),
            new PlanStatement(RotationStage.Retire, "app", "REASSIGN public.items"),
        ],
        Blockers = [new PlanBlocker("subscription s", "Its owner cannot be moved.", "Drop it first.")],
        Warnings = ["Little headroom."],
    };
}
