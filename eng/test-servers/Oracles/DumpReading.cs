namespace Nebula.Rotation.TestServers.Oracles;

/// <summary>What the dumps say, each line in one form, sorted, the login's name replaced by <see cref="LoginToken"/> wherever it stands as a role.</summary>
/// <param name="Login">The login's own name.</param>
/// <param name="Lines">Sorted.</param>
internal sealed record DumpReading(string Login, IReadOnlyList<DumpLine> Lines)
{
    public const string LoginToken = "<login>";

    /// <summary>The lines as text, sorted.</summary>
    public IEnumerable<string> Texts => Lines.Select(line => line.ToString());

    /// <summary>How many lines of a kind name the login: a reading that found nothing is equal to another one.</summary>
    public int CountOfLogin(DumpKind kind) => Lines.Count(line => line.Kind == kind && line.Roles.Contains(Login));

    public override string ToString() => string.Join('\n', Texts);
}
