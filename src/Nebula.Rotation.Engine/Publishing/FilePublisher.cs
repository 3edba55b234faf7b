using System.Text.Json;
using Nebula.Rotation.Engine.Publishing.Files;
using Nebula.Rotation.Engine.Publishing.Formats;

namespace Nebula.Rotation.Engine.Publishing;

/// <summary>Targets that are files: read, changed in their format, checked, and replaced whole.</summary>
internal sealed class FilePublisher(IFileFormat format) : IPublisher
{
    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        if (target.Path is null || !Path.IsPathFullyQualified(target.Path))
            throw TargetFailure.Invalid(target, "it needs the path of a file.", "Give one with -Path.");
        if (target.Entries.Values.Contains(PublishFormat.Credential))
            throw TargetFailure.Invalid(target, "a file holds texts, no PSCredential.", "Use Username and Password.");
        format.Validate(target, credential);
    }

    public async Task<TargetCheck> CheckAsync(TargetContext context, CancellationToken cancellationToken)
    {
        var path = context.Target.Path!;
        var content = TargetFile.Read(path, format.OwnerOnly);
        if (await ToFileLoginAsync(context, cancellationToken) is not { } login)
            return TargetCheck.Fine;
        return TargetFile.Same(content, Write(path, content, login))
            ? TargetCheck.Fine
            : new([], [content is null ? $"{context.Target} is not there yet; it will be made." : $"{context.Target} does not hold '{context.Login.Username}', which is live; it will be given the new login all the same."]);
    }

    public async Task<string?> PrepareAsync(TargetContext context, CancellationToken cancellationToken)
    {
        var path = context.Target.Path!;
        var prior = TargetFile.Read(path, format.OwnerOnly);
        var login = await ToFileLoginAsync(context, cancellationToken) ?? throw VerifierUnknown(context);
        return JsonSerializer.Serialize(new Prepared { Prior = prior, Written = Write(path, prior, login) });
    }

    public Task PublishAsync(TargetContext context, string? prepared, CancellationToken cancellationToken)
    {
        var plan = Prepared.Of(prepared);
        TargetFile.Change(
            context.Target.Path!,
            content => TargetFile.Same(content, plan.Prior) || TargetFile.Same(content, plan.Written)
                ? plan.Written
                : throw TargetFailure.Because($"'{context.Target.Path}' was changed by somebody else at this moment.", "Nothing of it was changed. Rotate again."),
            format.OwnerOnly);
        return Task.CompletedTask;
    }

    public async Task<string?> RollBackAsync(TargetContext context, string? prepared, CancellationToken cancellationToken)
    {
        var plan = Prepared.Of(prepared);
        var path = context.Target.Path!;
        TargetFile.Sweep(path);
        // Nobody is asked for what a file needs that nobody changed: the database may be what failed.
        var old = IsOurs(TargetFile.Read(path, format.OwnerOnly)) ? null : await ToFileLoginAsync(context, cancellationToken);
        string? found = null;
        TargetFile.Change(
            path,
            content =>
            {
                if (IsOurs(content))
                    return plan.Prior;
                (var after, found) = Merge(context, content, plan, old);
                return after;
            },
            format.OwnerOnly);
        return found;

        bool IsOurs(byte[]? content) => TargetFile.Same(content, plan.Prior) || TargetFile.Same(content, plan.Written);
    }

    public Task ForgetPreviousAsync(TargetContext context, CancellationToken cancellationToken)
    {
        var path = context.Target.Path!;
        var gone = new FileLogin { Target = context.Target, Credential = context.Credential, Login = context.Previous! };
        TargetFile.Change(
            path,
            content => content is null ? null : TargetText.Change(path, content, text => format.Remove(text, gone)),
            format.OwnerOnly);
        return Task.CompletedTask;
    }

    public async Task<bool?> HoldsAsync(TargetContext context, CancellationToken cancellationToken)
    {
        var content = TargetFile.Read(context.Target.Path!, format.OwnerOnly);
        return await ToFileLoginAsync(context, cancellationToken) is not { } login ? null : TargetFile.Same(content, Write(context.Target.Path!, content, login));
    }

    /// <summary>Somebody has changed the file since: the new login is taken out of what is there now, and nothing else.</summary>
    private (byte[]? Content, string? Found) Merge(TargetContext context, byte[]? content, Prepared plan, FileLogin? old)
    {
        var path = context.Target.Path!;
        if (content is null)
            return (null, $"'{path}' was removed by somebody else meanwhile, and is left so.");

        // What was written says what the new login looks like in this file, whatever else is in it.
        var published = new FileLogin { Target = context.Target, Credential = context.Credential, Login = context.Previous!, Entries = Entries(context, context.Previous!), Verifier = VerifierIn(plan, context) };
        var holdsNew = TargetFile.Same(content, TargetText.Change(path, content, text => format.Write(text, published)));
        var after = !holdsNew ? content : TargetText.Change(path, content, text =>
        {
            var put = old is null ? text : format.Write(text, old);
            return context.Previous!.Username == context.Login.Username ? put : format.Remove(put, published);
        });
        return TargetFile.Same(content, after)
            ? (content, holdsNew ? null : $"'{path}' was changed by somebody else meanwhile and does not hold '{context.Previous!.Username}' any more; it is left as it is.")
            : (after, $"'{path}' was changed by somebody else meanwhile: only the login in it was put back.");
    }

    private static string? VerifierIn(Prepared plan, TargetContext context) =>
        plan.Written is null ? null : UserListFormat.Read(System.Text.Encoding.UTF8.GetString(plan.Written)).LastOrDefault(line => line.User == context.Previous!.Username).Secret;

    private byte[] Write(string path, byte[]? content, FileLogin login)
    {
        var written = TargetText.Change(path, content, text => format.Write(text, login));
        // What was written is read again: a text that this format misunderstands is refused before anybody else has to read it.
        return TargetFile.Same(written, TargetText.Change(path, written, text => format.Write(text, login)))
            ? written
            : throw TargetFailure.Because($"'{path}' has a form in which the login cannot be written so that it is read back the same.", "Simplify the file by hand.");
    }

    /// <summary>Null when the format wants what the server keeps of the password, and that cannot be had.</summary>
    private async Task<FileLogin?> ToFileLoginAsync(TargetContext context, CancellationToken cancellationToken)
    {
        string? verifier = null;
        if (format is UserListFormat)
        {
            verifier = PgBouncer.PgBouncerOptions.HoldsPassword(context.Target) ? context.Login.Password.Reveal() : await context.ReadVerifierAsync(context.Login.Username, cancellationToken);
            if (verifier is null)
                return null;
        }

        return new()
        {
            Target = context.Target,
            Credential = context.Credential,
            Login = context.Login,
            PreviousUsername = context.Previous?.Username,
            Entries = Entries(context, context.Login),
            Verifier = verifier,
        };
    }

    private IReadOnlyList<TargetEntry> Entries(TargetContext context, Login login) => TargetEntries.Of(context, login, format.DefaultEntries);

    private static RotationException VerifierUnknown(TargetContext context) => TargetFailure.Because(
        $"{context.Target}: the admin may not read what the server keeps of the password of '{context.Login.Username}' (pg_authid).",
        "Rotate with a superuser, or have the list hold the password itself: -Option @{ Form = 'Password' }.");

    /// <summary>What the journal keeps.</summary>
    private sealed class Prepared
    {
        public byte[]? Prior { get; init; }

        public byte[]? Written { get; init; }

        public static Prepared Of(string? text) => JsonSerializer.Deserialize<Prepared>(text ?? throw new ArgumentNullException(nameof(text)))!;
    }
}
