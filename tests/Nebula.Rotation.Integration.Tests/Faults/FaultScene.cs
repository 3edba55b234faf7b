using Nebula.Rotation.Engine;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Snapshots;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.Faults;

/// <summary>
/// A credential whose runners reach its server through a <see cref="FaultProxy"/>, and an application that follows the store and does not: what the faults do to
/// it can only come from what a runner left behind.
/// </summary>
internal abstract class FaultScene : IAsyncDisposable
{
    public static RotationRequest Request { get; } = Scene.Request();

    public required FaultProxy Proxy { get; init; }

    public abstract DatabaseCredential Credential { get; }

    public abstract ICredentialStore Store { get; }

    public abstract RotationService Service { get; }

    public abstract string StorePath { get; }

    /// <inheritdoc cref="Scene.Gap"/>
    public abstract LoginGap Gap { get; }

    /// <summary>Queries of the application that failed.</summary>
    public abstract IReadOnlyCollection<string> Failures { get; }

    /// <summary>How many did not.</summary>
    public abstract int Queries { get; }

    public IDatabaseEngine Engine => EngineRegistry.Default.Get(Credential.DatabaseType);

    /// <summary>Waits until the application has done some more work.</summary>
    public abstract Task FlowsAsync();

    /// <summary>The logins of this credential that are on the server, but for the live one and for those that are kept on purpose.</summary>
    public abstract Task<IReadOnlyList<string>> ListLeftoversAsync(string live);

    public async Task<LoginSnapshot> SnapshotAsync(string username)
    {
        var admin = (await Store.GetAdminLoginAsync(Credential.Id, Scene.Ct))!;
        await using var connection = await Engine.ConnectAdminAsync(Credential, admin, Scene.Ct);
        return await connection.ReadSnapshotAsync(username, Scene.Ct);
    }

    public async Task<LoginVersion> LiveAsync() => await Store.GetCurrentLoginAsync(Credential.Id, Scene.Ct);

    /// <summary>
    /// What always holds, whatever died: the store names one version, the old one or the new; its login logs in; and it has every right.
    /// </summary>
    public async Task<LoginSnapshot> AssertInvariantAsync(LoginSnapshot before, int version)
    {
        var live = await LiveAsync();
        Assert.InRange(live.Version, version, version + 1);
        foreach (var check in await Engine.CheckLoginAsync(Credential, live.Login, null, Scene.Ct))
            Assert.True(check.Succeeded, $"'{live.Login.Username}': {check.Message}");
        var now = await SnapshotAsync(live.Login.Username);
        Assert.True(now.Exists && now.CanLogIn);
        Assert.Empty(Engine.Planner.Compare(before, now, afterMove: false).Missing);
        return now;
    }

    /// <summary>And when it has been finished: the record is closed, the facts are the same, and nothing is left behind.</summary>
    public async Task<LoginSnapshot> AssertFinishedAsync(LoginSnapshot before, int version)
    {
        var now = await AssertInvariantAsync(before, version);
        var difference = Engine.Planner.Compare(before, now, afterMove: true);
        Assert.True(difference.IsEmpty, $"missing: {string.Join("; ", difference.Missing)}\nextra: {string.Join("; ", difference.Extra)}");
        Assert.Empty(await ListLeftoversAsync(now.Username));
        Assert.Empty(await Store.ListRotationsAsync(new() { States = [RotationState.Running, RotationState.Draining, RotationState.RollbackFailed] }, Scene.Ct));
        return now;
    }

    /// <summary>Rotates in this process, with the ambush between it and the server; what it threw, or null when it came to its end.</summary>
    public async Task<RotationException?> RotateIntoAsync(Ambush ambush, CancellationToken stop = default)
    {
        Proxy.Ambush = ambush;
        var observer = new Observer { Progressed = progress => ambush.Enter(progress.Stage) };
        try
        {
            await Service.RotateAsync(Request, observer, stop);
            return null;
        }
        catch (RotationException exception)
        {
            return exception;
        }
        finally
        {
            Proxy.Ambush = null;
        }
    }

    /// <summary>What a rotation says to the server when nobody disturbs it.</summary>
    public async Task<IReadOnlyList<Ambush.Passage>> LearnAsync()
    {
        var ambush = new Ambush(null);
        Assert.Null(await RotateIntoAsync(ambush));
        return ambush.Seen;
    }

    /// <summary>Finishes what is open.</summary>
    public async Task<RotationState> ResumeAsync() => (await Service.ResumeAsync(Request, new Observer(), Scene.Ct)).State;

    /// <summary>It says that the server could not be had, which login is live, and what to do; not that something is wrong with what the user gave.</summary>
    public static void AssertTold(RotationException exception)
    {
        RotationErrorCode[] possible =
        [
            RotationErrorCode.ServerUnreachable, RotationErrorCode.CreateLoginFailed, RotationErrorCode.ClonePermissionsFailed, RotationErrorCode.VerificationFailed,
            RotationErrorCode.PublishFailed, RotationErrorCode.DropLoginFailed, RotationErrorCode.RollbackFailed,
        ];
        var told = $"{exception.Code}: {exception.Message} {exception.RecommendedAction}";
        Assert.True(possible.Contains(exception.Code), told);
        Assert.Matches(@"'[^']+' is live", told);
        Assert.False(string.IsNullOrEmpty(exception.RecommendedAction), told);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Proxy.DisposeAsync();
    }

    /// <summary>The same credential at the proxy's address.</summary>
    protected static DatabaseCredential Through(FaultProxy proxy, DatabaseCredential credential, bool isListed = false) =>
        isListed ? credential with { HostName = [$"127.0.0.1:{proxy.Port}"] } : credential with { HostName = ["127.0.0.1"], Port = proxy.Port };
}
