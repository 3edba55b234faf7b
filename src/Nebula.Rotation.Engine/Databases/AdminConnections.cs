namespace Nebula.Rotation.Engine.Databases;

internal static class AdminConnections
{
    /// <summary>Connects as admin for one piece of work, with a session of its own.</summary>
    public static Task<IAdminConnection> ConnectAdminAsync(this IDatabaseEngine engine, DatabaseCredential credential, Login admin, CancellationToken cancellationToken) =>
        engine.ConnectAdminAsync(credential, admin, idle: null, cancellationToken);
}
