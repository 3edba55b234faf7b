namespace Nebula.Rotation.Demo;

/// <summary>What is to be the same before and after: every definition and right on the server, and that no login is left over.</summary>
internal interface ISurroundings
{
    /// <summary>What is different now, the login's name aside; empty when nothing is.</summary>
    Task<IReadOnlyList<string>> CompareAsync(string login, CancellationToken cancellationToken);

    /// <summary>The words for no difference, after <see cref="CompareAsync"/> has found none.</summary>
    string Unchanged { get; }
}
