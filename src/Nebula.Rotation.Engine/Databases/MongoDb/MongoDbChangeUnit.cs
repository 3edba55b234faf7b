using MongoDB.Bson;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>
/// Commands about users, each all or nothing by itself; there is no transaction around them. What was done stays done, and everything can be repeated:
/// a command that finds its work done already has succeeded.
/// </summary>
internal sealed class MongoDbChangeUnit(MongoDbSession session, MongoDbRouters routers, Func<Login, CancellationToken, Task<bool>> opensAsync, Func<CancellationToken, Task> checkLease) : IChangeUnit
{
    private bool _changedUser;

    public async Task ApplyAsync(IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        foreach (var statement in statements)
        {
            var command = MongoDbDialect.ToDocument(statement, password);
            var name = command.GetElement(0).Name;
            _changedUser |= name != "createUser";
            await checkLease(cancellationToken);
            try
            {
                await session.ChangeAsync(statement.Database!, command, cancellationToken);
            }
            catch (MongoDbCommandError e)
            {
                if (!await IsDoneAsync(e, name, password, cancellationToken))
                    throw e.ToRotationException(session.Endpoint.ToString(), statement);
            }
        }
    }

    /// <summary>Nobody is let in, or kept out, by what a router remembers of a user.</summary>
    public Task CommitAsync(CancellationToken cancellationToken) => _changedUser ? routers.ForgetUsersAsync(cancellationToken) : Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>
    /// An answer may get lost on its way while the primary changes, and the repetition meets what the first try did. A user that is there is ours when
    /// the password opens it: then it is what this very command made.
    /// </summary>
    private async Task<bool> IsDoneAsync(MongoDbCommandError error, string command, Login? password, CancellationToken cancellationToken) => (command, error.Number) switch
    {
        ("dropUser", MongoDbCommandError.UserNotFound) => true,
        ("createUser", MongoDbCommandError.UserExists) => password is not null && await opensAsync(password, cancellationToken),
        _ => false,
    };
}
