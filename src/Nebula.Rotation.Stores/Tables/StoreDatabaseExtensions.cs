namespace Nebula.Rotation.Stores.Tables;

/// <summary>Work that gives no answer.</summary>
internal static class StoreDatabaseExtensions
{
    /// <summary>Writes in one transaction.</summary>
    public static Task WriteAsync(this IStoreDatabase database, Func<StoreSession, Task> work, CancellationToken cancellationToken) =>
        database.WriteAsync(Answered(work), cancellationToken);

    /// <summary>Writes by statements of which each stands for itself.</summary>
    public static Task WriteSingleAsync(this IStoreDatabase database, Func<StoreSession, Task> work, CancellationToken cancellationToken) =>
        database.WriteSingleAsync(Answered(work), cancellationToken);

    private static Func<StoreSession, Task<bool>> Answered(Func<StoreSession, Task> work) => async session =>
    {
        await work(session);
        return true;
    };
}
