using Nebula.Rotation.Module.Tests.Support;

namespace Nebula.Rotation.Module.Tests;

public sealed class CompareTests
{
    private static readonly PermissionDifference Difference = new(
        PermissionDifference.ReferenceOnly, "orders_a", new() { Kind = "Privilege", Name = "SELECT", ObjectType = "TABLE", ObjectName = "public.items", Database = "app" });

    [Fact]
    public void The_live_login_is_compared_where_no_other_is_named()
    {
        using var scene = new Scene();
        scene.Service.Differences.Add(Difference);
        var result = scene.Run("Compare-NebulaPermission orders -ReferenceUsername orders_a").ThrowIfFailed();
        Assert.Contains("Compare orders_a orders_old orders", scene.Service.Calls);
        Assert.Same(Difference, Assert.Single(result.Output).BaseObject);
    }

    [Fact]
    public void Both_names_and_the_admin_arrive()
    {
        using var scene = new Scene();
        var result = scene.Run(
            "param($c) Compare-NebulaPermission -Name orders -ReferenceUsername a -DifferenceUsername b -AdminCredential $c",
            new Dictionary<string, object> { ["c"] = Logins.Make("boss", "pw") }).ThrowIfFailed();
        Assert.Contains("Compare a b orders", scene.Service.Calls);
        Assert.Equal("boss", scene.Service.ComparedAs!.Username);
        Assert.Empty(result.Output);
    }
}
