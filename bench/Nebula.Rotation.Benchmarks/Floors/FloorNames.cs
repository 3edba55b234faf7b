namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>What is another text in each run, and has a slot in the pinned list.</summary>
/// <param name="Old">The login that is replaced.</param>
/// <param name="New">The one that replaces it.</param>
/// <param name="Admin">Who does it.</param>
internal sealed record FloorNames(string Old, string New, string Admin)
{
    private const string OldSlot = "{old}";
    private const string NewSlot = "{new}";
    private const string AdminSlot = "{admin}";

    /// <summary>Stands where a password's hash was.</summary>
    public const string VerifierSlot = "{verifier}";

    /// <summary>The new name first: it begins with the credential's, which is the old one here.</summary>
    public string Mask(string text) => text
        .Replace(New, NewSlot, StringComparison.Ordinal)
        .Replace(Old, OldSlot, StringComparison.Ordinal)
        .Replace(Admin, AdminSlot, StringComparison.Ordinal);

    public string Fill(string text, string verifier) => text
        .Replace(VerifierSlot, verifier, StringComparison.Ordinal)
        .Replace(OldSlot, Old, StringComparison.Ordinal)
        .Replace(NewSlot, New, StringComparison.Ordinal)
        .Replace(AdminSlot, Admin, StringComparison.Ordinal);
}
