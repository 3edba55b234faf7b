namespace Nebula.Rotation.Engine.Databases;

/// <summary>
/// Statements that belong together. Disposing without <see cref="CommitAsync"/> takes them back where the engine can; where it cannot, the
/// workflow's compensation does.
/// </summary>
internal interface IChangeUnit : IAsyncDisposable
{
    /// <summary>
    /// Runs statements in their order, in as few round trips as the engine allows. A statement that only warns has failed.
    /// <paramref name="password"/> is the one that statements with <see cref="PlannedStatement.CarriesPassword"/> set.
    /// </summary>
    Task ApplyAsync(IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken);

    Task CommitAsync(CancellationToken cancellationToken);
}
