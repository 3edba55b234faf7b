namespace Nebula.Rotation.Engine.Snapshots;

/// <summary>
/// The order in which facts are listed, the same each time. By what they are made of: a login has tens of thousands, and each one's text would be made for the comparison alone.
/// </summary>
internal sealed class FactOrder : IComparer<PermissionFact>
{
    public static readonly FactOrder Instance = new();

    private static readonly Func<PermissionFact, string?>[] Parts =
    [
        static fact => fact.Kind,
        static fact => fact.Name,
        static fact => fact.Value,
        static fact => fact.SubName,
        static fact => fact.ObjectType,
        static fact => fact.ObjectName,
        static fact => fact.Grantee,
        static fact => fact.Grantor,
        static fact => fact.Database,
        static fact => fact.ObjectOwner,
    ];

    public int Compare(PermissionFact? x, PermissionFact? y)
    {
        if (x is null || y is null)
            return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        foreach (var part in Parts)
        {
            if (string.CompareOrdinal(part(x), part(y)) is var order and not 0)
                return order;
        }

        var byOption = x.WithGrantOption.CompareTo(y.WithGrantOption);
        return byOption != 0 ? byOption : x.IsExclusive.CompareTo(y.IsExclusive);
    }
}
