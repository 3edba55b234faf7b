namespace Nebula.Rotation.Engine.Publishing.PgBouncer;

/// <summary>
/// PgBouncer's auth_file, and PgBouncer itself: it reads the list again when it is told to, and that it has is proved by a login through it. The login
/// before stays in the list until it is retired, so that no client is refused meanwhile.
/// </summary>
internal sealed class PgBouncerPublisher(FilePublisher list) : IPublisher
{
    private static readonly TimeSpan ReloadTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        list.Validate(target, credential);
        PgBouncerOptions.Validate(target);
        if (target.Arguments is [var program, ..] && !Path.IsPathFullyQualified(program))
            throw TargetFailure.Invalid(target, $"'{program}' is no full path of a program.");
    }

    public async Task<TargetCheck> CheckAsync(TargetContext context, CancellationToken cancellationToken)
    {
        var check = await list.CheckAsync(context, cancellationToken);
        if (context.Target.Arguments is [var program, ..])
        {
            if (TargetProgram.WhyNot(program, mustBeExecutable: true) is { } reason)
                throw reason;
        }
        else
        {
            await using var console = await ConnectConsoleAsync(context, cancellationToken);
        }

        // PgBouncer that does not let the live login in would not let the next one in either.
        return await TryAsync(context, cancellationToken) is { } refusal
            ? check with { Warnings = [.. check.Warnings, $"{context.Target}: '{context.Login.Username}' is live and PgBouncer does not let it in: {refusal}"] }
            : check;
    }

    public Task<string?> PrepareAsync(TargetContext context, CancellationToken cancellationToken) => list.PrepareAsync(context, cancellationToken);

    public async Task PublishAsync(TargetContext context, string? prepared, CancellationToken cancellationToken)
    {
        await list.PublishAsync(context, prepared, cancellationToken);
        await ReloadAsync(context, cancellationToken);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (await TryAsync(context, cancellationToken) is { } refusal)
        {
            if (clock.Elapsed > ReloadTimeout)
            {
                throw TargetFailure.Because(
                    $"{context.Target}: PgBouncer does not let '{context.Login.Username}' in {ReloadTimeout.TotalSeconds:0} s after it was told to read the list again: {refusal}",
                    "See that its auth_file is this file and that the reload reaches it.");
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    public async Task<string?> RollBackAsync(TargetContext context, string? prepared, CancellationToken cancellationToken)
    {
        var found = await list.RollBackAsync(context, prepared, cancellationToken);
        await ReloadAsync(context, cancellationToken);
        return found;
    }

    public async Task ForgetPreviousAsync(TargetContext context, CancellationToken cancellationToken)
    {
        await list.ForgetPreviousAsync(context, cancellationToken);
        await ReloadAsync(context, cancellationToken);
    }

    public Task<bool?> HoldsAsync(TargetContext context, CancellationToken cancellationToken) => list.HoldsAsync(context, cancellationToken);

    private static async Task ReloadAsync(TargetContext context, CancellationToken cancellationToken)
    {
        if (context.Target.Arguments is [var program, ..])
        {
            await TargetProgram.RunAsync(program, context.Target.Arguments.Skip(1), null, ReloadTimeout, [], cancellationToken);
            return;
        }

        await using var console = await ConnectConsoleAsync(context, cancellationToken);
        await console.ExecuteAsync("RELOAD", cancellationToken);
    }

    /// <summary>Null when the login gets through, else why not.</summary>
    private static async Task<string?> TryAsync(TargetContext context, CancellationToken cancellationToken)
    {
        var checks = await context.Engine.CheckPooledLoginAsync(PgBouncerOptions.Through(context), context.Login, cancellationToken);
        return checks.FirstOrDefault(check => !check.Succeeded)?.Message;
    }

    private static async Task<PgBouncerConsole> ConnectConsoleAsync(TargetContext context, CancellationToken cancellationToken)
    {
        var name = TargetOptions.Find(context.Target, PgBouncerOptions.ConsoleCredential)!;
        var (credential, login) = await context.FindCredentialAsync(name, cancellationToken)
            ?? throw TargetFailure.Because($"{context.Target}: there is no credential '{name}' for PgBouncer's console.", "Store it: New-NebulaDbCredential -Database pgbouncer -SkipCheck …");
        var through = PgBouncerOptions.Through(context);
        return await PgBouncerConsole.ConnectAsync(through.HostName[0], through.Port, login, credential.ConnectionTimeout, cancellationToken);
    }
}
