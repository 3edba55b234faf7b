using System.Reflection;
using Nebula.Rotation.Engine.Databases.PostgreSql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>
/// Every kind of fact that a rotation reads, by reflection: one that is added is asked for at once. An owner's own privileges move with the object, and only the
/// move of all ownership to another role reads them.
/// </summary>
internal static class FactKindList
{
    /// <summary>A kind is called as it says; what else the class has are names and values of facts.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        .. from field in typeof(FactKinds).GetFields(BindingFlags.Public | BindingFlags.Static)
           let value = (string)field.GetRawConstantValue()!
           where value == field.Name && value != FactKinds.OwnPrivilege
           select value,
    ];
}
