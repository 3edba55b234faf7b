namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>A workflow that stops where a test wants it to, and keeps the contract: it stops at a safe point, undoes, says so, then ends.</summary>
internal sealed class RotationScript
{
    /// <summary>The stages of a rotation; the enumeration ends with what is none.</summary>
    public static readonly RotationStage[] Stages = [.. Enum.GetValues<RotationStage>().Where(stage => stage <= RotationStage.Complete)];

    private readonly Dictionary<RotationStage, TaskCompletionSource> _reached = Stages
        .ToDictionary(stage => stage, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private readonly TaskCompletionSource _compensating = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Guid RotationId { get; } = Guid.NewGuid();

    /// <summary>The workflow waits in this stage until it is stopped or <see cref="Go"/> is set.</summary>
    public RotationStage? HoldAt { get; set; }

    public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Undoing waits for this, where it is given; it does not hear of a stop.</summary>
    public TaskCompletionSource? Undone { get; set; }

    public RotationStage? FailAt { get; set; }

    public Exception Failure { get; set; } = new RotationException(RotationErrorCode.VerificationFailed, "It failed.", "Look.");

    /// <summary>Calls the observer's publish step with a login of this password.</summary>
    public Secret? Password { get; set; }

    /// <summary>Published to after the observer's own step, with a login of that password.</summary>
    public PublishTarget? Target { get; set; }

    /// <summary>What a rollback of the target found.</summary>
    public string? Found { get; private set; }

    /// <summary>Said in Prepare.</summary>
    public List<(RotationMessageKind Kind, string Text)> Messages { get; } = [];

    /// <summary>How the record ends when nothing goes wrong.</summary>
    public RotationRecord? Record { get; set; }

    /// <summary>True when the workflow has ended, undoing included.</summary>
    public bool Ended { get; private set; }

    public Task Reached(RotationStage stage) => _reached[stage].Task;

    public Task Compensating => _compensating.Task;

    public List<string> PublishFailures { get; } = [];

    /// <summary>Lets everything go that waits.</summary>
    public void Release()
    {
        Undone?.TrySetResult();
        Go.TrySetResult();
    }

    public async Task<RotationRecord> RunAsync(DatabaseCredential credential, IRotationObserver observer, CancellationToken stop)
    {
        var isLive = false;
        var isPublished = false;
        try
        {
            foreach (var stage in Stages)
            {
                observer.OnProgress(new RotationProgress(RotationId, credential.Name, stage, "working", (int)stage * 100 / 8));
                _reached[stage].TrySetResult();
                if (stage == RotationStage.Prepare)
                    Messages.ForEach(m => observer.OnMessage(m.Kind, m.Text));
                if (stage == RotationStage.Publish && Password is not null && observer.Publishes)
                {
                    isPublished = true;
                    await observer.PublishAsync(Context(credential, isRollback: false), CancellationToken.None);
                }

                if (stage == RotationStage.Publish && Target is not null)
                {
                    isPublished = true;
                    Assert.True(observer.PublishesTo(Target.Kind));
                    await observer.PublishToAsync(Target, Context(credential, isRollback: false), CancellationToken.None);
                }

                if (stage == HoldAt)
                    await Go.Task.WaitAsync(stop);
                stop.ThrowIfCancellationRequested();
                if (stage == FailAt)
                    throw Failure;
                isLive |= stage == RotationStage.Publish;
                observer.OnStage(Result(credential, stage, StageStatus.Succeeded));
            }

            return Record ?? Ending(credential, RotationState.Completed);
        }
        catch (Exception e)
        {
            _compensating.TrySetResult();
            if (Undone is not null)
                await Undone.Task;
            if (isPublished && !isLive)
                await TakeBack(credential, observer);
            observer.OnMessage(RotationMessageKind.Important, isLive ? "The new login is live." : "Undone: the old login is live.");
            if (!isLive)
                observer.OnStage(Result(credential, RotationStage.CreateLogin, StageStatus.RolledBack));
            throw e is OperationCanceledException ? new RotationException(RotationErrorCode.Stopped, "Stopped on request.") : e;
        }
        finally
        {
            Ended = true;
        }
    }

    public RotationRecord Ending(DatabaseCredential credential, RotationState state) => new()
    {
        RotationId = RotationId,
        CredentialId = credential.Id,
        Credential = credential.Name,
        DatabaseType = credential.DatabaseType,
        Kind = RotationKind.Rotation,
        State = state,
        OldUsername = credential.Username,
        NewUsername = "new_user",
        FromVersion = 1,
        ToVersion = 2,
        StartedAt = DateTimeOffset.UnixEpoch,
        Runner = "test",
    };

    private async Task TakeBack(DatabaseCredential credential, IRotationObserver observer)
    {
        try
        {
            if (Target is not null)
                Found = await observer.PublishToAsync(Target, Context(credential, isRollback: true), CancellationToken.None);
            if (observer.Publishes)
                await observer.PublishAsync(Context(credential, isRollback: true), CancellationToken.None);
        }
        catch (InvalidOperationException e)
        {
            PublishFailures.Add(e.Message);
        }
    }

    private PublishContext Context(DatabaseCredential credential, bool isRollback) => new()
    {
        RotationId = RotationId,
        Credential = credential,
        Login = isRollback ? OldLogin(credential) : NewLogin,
        PreviousUsername = isRollback ? NewLogin.Username : credential.Username,
        PreviousLogin = isRollback ? NewLogin : OldLogin(credential),
        IsRollback = isRollback,
        Entries = Entries(isRollback ? OldLogin(credential) : NewLogin),
        PreviousEntries = Entries(isRollback ? NewLogin : OldLogin(credential)),
    };

    private Login NewLogin => new("new_user", Password!);

    private Login OldLogin(DatabaseCredential credential) => new(credential.Username, Password!);

    private Dictionary<string, Secret> Entries(Login login) => Target is null
        ? []
        : Target.Entries.Where(entry => entry.Value == PublishFormat.Uri).ToDictionary(entry => entry.Key, _ => new Secret($"db://{login.Username}:{login.Password.Reveal()}@h"));

    public StageResult ResultOf(DatabaseCredential credential, RotationStage stage) => Result(credential, stage, StageStatus.Succeeded);

    private StageResult Result(DatabaseCredential credential, RotationStage stage, StageStatus status) => new()
    {
        RotationId = RotationId,
        Credential = credential.Name,
        DatabaseType = credential.DatabaseType,
        Stage = stage,
        Status = status,
        StartedAt = DateTimeOffset.UnixEpoch,
        Duration = TimeSpan.FromMilliseconds(1234),
        OldUsername = credential.Username,
        NewUsername = "new_user",
        Message = $"{stage} is over.",
    };
}
