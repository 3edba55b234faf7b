using System.Data.Common;

namespace Nebula.Rotation.Demo;

/// <summary>
/// The demo's database on one engine: its server, what the application finds there, and how it connects. What the login has there has to be there after
/// a rotation, under another name.
/// </summary>
internal interface IShop : IAsyncDisposable
{
    /// <summary>The server's name and version.</summary>
    string Server { get; }

    string Host { get; }

    int Port { get; }

    string Database { get; }

    /// <summary>What the application logs in with at first.</summary>
    Login Login { get; }

    Login Admin { get; }

    /// <summary>The application's statements.</summary>
    ShopSql Sql { get; }

    /// <summary>Makes the database, the login, and all that hangs on it.</summary>
    Task CreateAsync(CancellationToken cancellationToken);

    /// <summary>Remembers what is to be the same after the rotations.</summary>
    Task<ISurroundings> RememberAsync(CancellationToken cancellationToken);

    /// <summary>The provider's own pool.</summary>
    DbDataSource Connect(DatabaseCredential credential, Login login, string applicationName, int size);

    /// <summary>Closes the connections of a pool that nobody has borrowed, where the provider can: the last borrower takes the rest along.</summary>
    void ClearIdle(DbDataSource pool);
}
