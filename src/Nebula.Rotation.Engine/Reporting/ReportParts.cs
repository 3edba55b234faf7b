namespace Nebula.Rotation.Engine.Reporting;

/// <summary>What several sections show in the same way.</summary>
internal static class ReportParts
{
    /// <summary>A credential's name, with its scope where that says something.</summary>
    public static void Credential(Html html, DatabaseCredential credential)
    {
        html.Write($"<bdi class=\"name\">{credential.Name}</bdi>");
        if (credential.Scope != DatabaseCredential.DefaultScope)
            html.Write($" <span class=\"scope\">in <bdi>{credential.Scope}</bdi></span>");
    }

    /// <summary>A state: a sign and a word, so that colour is never all that tells it.</summary>
    public static void Pill(Html html, string kind, string sign, string word) =>
        html.Write($"<span class=\"pill {kind}\"><span aria-hidden=\"true\">{sign}</span> {word}</span>");

    /// <summary>Where a rotation stands.</summary>
    public static void State(Html html, RotationState state)
    {
        var (kind, sign, word) = state switch
        {
            RotationState.Completed => ("good", "✓", "Completed"),
            RotationState.Retained => ("good", "✓", "Old login kept"),
            RotationState.Draining => ("warn", "◆", "Draining"),
            RotationState.Running => ("warn", "◆", "Running"),
            RotationState.RolledBack => ("bad", "↺", "Rolled back"),
            RotationState.RollbackFailed => ("bad", "▲", "Rollback failed"),
            RotationState.Undone => ("quiet", "↺", "Undone"),
            RotationState.Incomplete => ("warn", "◆", "Incomplete"),
            _ => ("quiet", "–", state.ToString()),
        };
        Pill(html, kind, sign, word);
    }

    /// <summary>Which login took the place of which.</summary>
    public static void Logins(Html html, RotationRecord record) =>
        html.Write($"<span class=\"sub\"><bdi>{record.OldUsername}</bdi> <span aria-hidden=\"true\">→</span><span class=\"unseen\">to</span> <bdi>{record.NewUsername}</bdi></span>");

    /// <summary>What is not a rotation says so.</summary>
    public static string Kind(RotationKind kind) => kind switch
    {
        RotationKind.Undo => "Undo",
        RotationKind.Ownership => "To an owner role",
        RotationKind.OwnershipUndo => "Back from the owner role",
        _ => "Rotation",
    };
}
