using System.Diagnostics;

namespace Nebula.Rotation.Engine.Databases.Redis;

/// <summary>
/// Commands that belong together, on every node or on none. The server has no transaction over users, let alone over nodes: what a user was is read first, and
/// written back where the unit is given up, on every node that was touched. A node that cannot be asked stops the unit before anything is sent.
/// </summary>
internal sealed class RedisChangeUnit(RedisNodes nodes, Func<CancellationToken, Task> checkLease) : IChangeUnit
{
    /// <summary>How long undoing may take on a node, and how long servers may need to log in again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>What users were like before: null for one that was not there.</summary>
    private readonly Dictionary<(RedisNode Node, string User), AclUser?> _before = [];

    private readonly HashSet<(RedisNode Node, string User)> _touched = [];
    private readonly HashSet<(RedisNode Node, string Command)> _kept = [];

    private bool _movesServers;
    private bool _isCommitted;

    public async Task ApplyAsync(IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        if (statements.Count == 0)
            return;
        await nodes.RefreshAsync(cancellationToken);
        nodes.RequireAll();
        RequirePrivacy(statements);
        await ReadBeforeAsync(statements, password, cancellationToken);
        for (var at = 0; at < statements.Count;)
        {
            // What keeps a change over a restart waits until every node has the change.
            var keeps = statements[at].Rule == CommandList.PersistRule;
            var wave = statements.Skip(at).TakeWhile(statement => statement.Rule == CommandList.PersistRule == keeps).ToList();
            await checkLease(cancellationToken);
            await AllAsync(nodes.All.Select(node => RunAsync(node, wave, password, cancellationToken)));
            at += wave.Count;
        }

        _movesServers |= statements.Any(statement => statement.Rule == ServerLogins.Rule);
    }

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        _isCommitted = true;
        if (_movesServers)
            await AwaitServersAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_isCommitted || _touched.Count == 0)
            return;
        // Whoever gave up may have been told to stop: putting back what was there has a bound of its own.
        using var bound = new CancellationTokenSource(Patience);
        try
        {
            await checkLease(bound.Token);
        }
        catch (Exception e) when (e is RotationException or OperationCanceledException)
        {
            // Whoever has taken over has read what is there and gone on from it: what was there before would undo his work.
            return;
        }

        await Task.WhenAll(_touched.GroupBy(touch => touch.Node).Select(node => PutBackAsync(node.Key, [.. node.Select(touch => touch.User)], bound.Token)));
    }

    /// <summary>Waits for all, so that nothing goes on behind the caller's back, and throws what failed first.</summary>
    private static async Task AllAsync(IEnumerable<Task> work)
    {
        var tasks = work.ToList();
        await Task.WhenAll(tasks.Select(async task =>
        {
            try
            {
                await task;
            }
            catch (Exception)
            {
                // Thrown below, when none is at work any more.
            }
        }));
        foreach (var task in tasks)
            await task;
    }

    private static bool IsFor(PlannedStatement statement, RedisNode node) => statement.Database is null ? !node.IsSentinel
        : statement.Database == FactKinds.Sentinels ? node.IsSentinel
        : statement.Database == node.Name;

    private void RequirePrivacy(IReadOnlyList<PlannedStatement> statements)
    {
        foreach (var statement in statements.Where(RedisDialect.NeedsPlainPassword))
        {
            if (nodes.All.FirstOrDefault(node => IsFor(statement, node) && !node.Connection.IsPrivate) is { } open)
            {
                throw new RotationException(
                    RotationErrorCode.DatabaseError,
                    $"{open.Name}: a server's own login takes the password itself, and the connection is not encrypted.",
                    "Use TLS (-SslMode Require), or run this on that machine.");
            }
        }
    }

    private async Task ReadBeforeAsync(IReadOnlyList<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        var users = statements.Where(statement => statement.Rule is not (CommandList.PersistRule or ServerLogins.Rule)).Select(statement => UserOf(RedisDialect.Words(statement, password))).OfType<string>().ToHashSet();
        await AllAsync(nodes.All.Select(async node =>
        {
            var unread = users.Where(user => !_before.ContainsKey((node, user))).ToList();
            var replies = await node.RunAsync([.. unread.Select(user => (IReadOnlyList<string>)["ACL", "GETUSER", user])], cancellationToken);
            lock (_before)
            {
                for (var index = 0; index < unread.Count; index++)
                    _before[(node, unread[index])] = AclUser.Read(replies[index]);
            }
        }));
    }

    private async Task RunAsync(RedisNode node, List<PlannedStatement> statements, Login? password, CancellationToken cancellationToken)
    {
        var commands = new List<IReadOnlyList<string>>();
        foreach (var statement in statements.Where(statement => IsFor(statement, node)))
        {
            var words = RedisDialect.Words(statement, password);
            lock (_touched)
            {
                if (statement.Rule == CommandList.PersistRule)
                    _kept.Add((node, statement.Text));
                else if (UserOf(words) is { } user && _touched.Add((node, user)) && words[1] == "SETUSER" && !statement.CarriesPassword && IsNewHere(node, user))
                    commands.Add(["ACL", "SETUSER", user, "reset", "on", .. HashesElsewhere(user)]);
            }

            commands.Add(words);
        }

        if (commands.Count > 0)
            await node.RunAsync(commands, cancellationToken);
    }

    /// <summary>A node that joined later has not got a login that the others have: its password comes from them, as the hash that it is.</summary>
    private bool IsNewHere(RedisNode node, string user) => _before[(node, user)] is null && _before.Any(before => before.Key.User == user && before.Value is not null);

    private IEnumerable<string> HashesElsewhere(string user) => _before.First(before => before.Key.User == user && before.Value is not null).Value!.Hashes.Select(hash => "#" + hash);

    private static string? UserOf(IReadOnlyList<string> words) => words is ["ACL", "SETUSER" or "DELUSER", var user, ..] ? user : null;

    private async Task PutBackAsync(RedisNode node, List<string> users, CancellationToken cancellationToken)
    {
        List<IReadOnlyList<string>> commands = [];
        foreach (var user in users)
        {
            if (_before[(node, user)] is { } before)
                commands.Add(["ACL", "SETUSER", user, "reset", .. UserWords.Of(before)]);
            else
                commands.Add(["ACL", "DELUSER", user]);
        }

        commands.AddRange(_kept.Where(kept => kept.Node == node).Select(kept => RedisDialect.Split(kept.Command)));
        try
        {
            await node.AskAsync(commands, cancellationToken);
        }
        catch (Exception e) when (e is RotationException or OperationCanceledException)
        {
            // The node went away in the middle: the workflow's compensation asks it when it is back, and stays open until then.
        }
    }

    /// <summary>Servers have logged in again, and not as who they were: shown by links that are up.</summary>
    private async Task AwaitServersAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var replies = await Task.WhenAll(nodes.WithData.Select(node => node.RunAsync([["INFO", "replication"]], cancellationToken)));
            var down = nodes.WithData.Zip(replies).FirstOrDefault(pair => RedisNodes.ReadInfo(pair.Second[0]).GetValueOrDefault("master_link_status") == "down").First;
            if (down is null)
                return;
            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                throw new RotationException(
                    RotationErrorCode.DatabaseError, $"{down.Name} has not connected to its primary again within {Patience.TotalSeconds:0} s, as the login that it was told.", "Look at the node's log; then run Resume-NebulaRotation.");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }
}
