using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;
using Nebula.Rotation.Stores.Encryption;
using Nebula.Rotation.Stores.Sqlite;

namespace Nebula.Rotation.Integration.Tests.Fleets;

/// <summary>The store that runners share, opened by each of them by where it is.</summary>
internal static class FleetStore
{
    /// <param name="location">A SQLite file.</param>
    /// <param name="time">What the runner takes for the time.</param>
    /// <param name="create">Makes it.</param>
    public static async Task<ICredentialStore> OpenAsync(string location, TimeProvider time, bool create = false) =>
        await SqliteCredentialStore.OpenAsync(location, new KeyFileProvider(), time, create, CancellationToken.None);
}
