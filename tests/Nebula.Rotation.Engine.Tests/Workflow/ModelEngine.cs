using System.Text;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>The model behind the interface of a room. <paramref name="touch"/> is called before and after every call: where a process can die.</summary>
internal sealed class ModelEngine(ModelServer server, ModelPlanner planner, Action<string> touch) : IDatabaseEngine
{
    public DatabaseType DatabaseType => DatabaseType.PostgreSql;

    public IReadOnlyCollection<RotationStrategy> Strategies { get; } = [RotationStrategy.DualUser, RotationStrategy.AlternatingUsers, RotationStrategy.DualPassword];

    public ILoginPlanner Planner => planner;

    public IDualPasswordPlanner? DualPasswordPlanner { get; } = new ModelPasswordPlanner();

    public IOwnershipPlanner OwnershipPlanner { get; } = new ModelOwnershipPlanner();

    public UsernameRules UsernameRules { get; } = new(63, Encoding.UTF8.GetByteCount, "bytes", ["pg_"]);

    public void Validate(DatabaseCredential credential)
    {
    }

    public Secret FormatConnectionString(DatabaseCredential credential, Login login, ConnectionStringFormat format) => new($"{login.Username}@model");

    public Task<IAdminConnection> ConnectAdminAsync(DatabaseCredential credential, Login admin, IdleSessions? idle, CancellationToken cancellationToken)
    {
        touch("connect");
        return server.LogsIn(admin.Username, admin.Password.Reveal())
            ? Task.FromResult<IAdminConnection>(new Connection(server, touch))
            : throw new RotationException(RotationErrorCode.AdminAuthenticationFailed, $"The server refused '{admin.Username}'.");
    }

    public Task<IReadOnlyList<CredentialTestResult>> CheckLoginAsync(
        DatabaseCredential credential, Login login, string? verifyQuery, CancellationToken cancellationToken)
    {
        touch("check");
        cancellationToken.ThrowIfCancellationRequested();
        var succeeded = server.LogsIn(login.Username, login.Password.Reveal()) && verifyQuery != "fails";
        return Task.FromResult<IReadOnlyList<CredentialTestResult>>(
        [
            new()
            {
                Name = credential.Name,
                DatabaseType = DatabaseType,
                Endpoint = "model:1",
                Username = login.Username,
                Succeeded = succeeded,
                Latency = TimeSpan.Zero,
                Message = succeeded ? "ok" : "refused",
                ErrorCode = succeeded ? null : RotationErrorCode.AuthenticationFailed,
            },
        ]);
    }

    private sealed class Connection(ModelServer server, Action<string> touch) : IAdminConnection
    {
        private Func<CancellationToken, Task> _checkLease = static _ => Task.CompletedTask;
        private bool _hasEnded;

        public Func<CancellationToken, Task> LeaseCheck
        {
            set => _checkLease = value;
        }

        public string Endpoint => "model:1";

        public Task LockTargetAsync(string username, CancellationToken cancellationToken)
        {
            Touch("lock");
            if (!server.HasLocks)
                return Task.CompletedTask;

            // Whoever has it is a predecessor that died or sleeps: the caller holds the lease.
            if (server.Locks.GetValueOrDefault(username) is Connection holder && holder != this)
                holder._hasEnded = true;
            server.Locks[username] = this;
            return Task.CompletedTask;
        }

        public Task<LoginSnapshot> ReadSnapshotAsync(string username, CancellationToken cancellationToken)
        {
            Touch("read");
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult(server.Read(username));
        }

        public Task<OwnershipReading> ReadOwnershipAsync(string username, string owner, CancellationToken cancellationToken)
        {
            Touch("read");
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult(new OwnershipReading(server.Read(username), server.Read(owner), []));
        }

        public Task<bool> IsNameTakenAsync(string username, CancellationToken cancellationToken) => Task.FromResult(server.Names.Contains(username));

        public Task<IReadOnlyList<string>> ListLoginNamesAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([.. server.Names]);

        public Task<Preflight> PreflightAsync(DatabaseCredential credential, LoginSnapshot source, CancellationToken cancellationToken) =>
            Task.FromResult(new Preflight([], [], []));

        public Task<IChangeUnit> BeginAsync(CancellationToken cancellationToken)
        {
            Touch("begin");
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult<IChangeUnit>(new Unit(this));
        }

        public Task<LoginSessions> ListSessionsAsync(string username, CancellationToken cancellationToken)
        {
            Touch("sessions");
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult(new LoginSessions(
                [.. server.Sessions(username).Select((name, index) => new LoginSession($"{index}", "host", name, DateTimeOffset.UnixEpoch, ModelServer.AgeOf(name), "idle"))], []));
        }

        public async Task<EndedSessions> EndSessionsAsync(string username, TimeSpan? olderThan, CancellationToken cancellationToken)
        {
            Touch("end");
            await CheckLeaseAsync(cancellationToken);
            return (new(server.Disconnect(username, olderThan), []));
        }

        public Task<bool?> KnowsPasswordAsync(Login login, CancellationToken cancellationToken) => Task.FromResult<bool?>(null);

        public ValueTask DisposeAsync()
        {
            foreach (var held in server.Locks.Where(held => held.Value == this))
                server.Locks.TryRemove(held);
            return ValueTask.CompletedTask;
        }

        public ModelServer Server => server;

        public void Touch(string what)
        {
            touch(what);
            if (_hasEnded)
                throw new RotationException(RotationErrorCode.DatabaseError, "The server has ended this session.");
        }

        /// <summary>Where there is a lock, a successor has ended the session.</summary>
        public Task CheckLeaseAsync(CancellationToken cancellationToken) => server.HasLocks ? Task.CompletedTask : _checkLease(cancellationToken);
    }

    private sealed class Unit(Connection connection) : IChangeUnit
    {
        private readonly List<(string Text, string? Password)> _statements = [];

        public Task ApplyAsync(IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var statement in statements)
            {
                connection.Touch("statement");
                if (connection.Server.Fault(statement.Text) is { } fault)
                    throw fault;
                _statements.Add((statement.Text, statement.CarriesPassword ? password!.Password.Reveal() : null));
            }

            return Task.CompletedTask;
        }

        public async Task CommitAsync(CancellationToken cancellationToken)
        {
            connection.Touch("before commit");
            await connection.CheckLeaseAsync(cancellationToken);
            connection.Server.Commit(_statements);
            connection.Touch("after commit");
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
