namespace Nebula.Rotation.TestServers;

/// <summary>Where a PgBouncer takes the logins from that it lets in.</summary>
public enum PgBouncerAuthentication
{
    /// <summary>It asks the server (<c>auth_query</c>), in the database that the client wants: see <see cref="PgBouncerServer.AllowLookupAsync"/>.</summary>
    Query,

    /// <summary>Only from its file of users (<c>auth_file</c>): see <see cref="PgBouncerServer.UserListPath"/>.</summary>
    UserList,
}
