using System.Security.Cryptography;
using System.Text;

namespace Nebula.Rotation.Engine.Snapshots;

/// <summary>Everything a server's catalog says about a login at one time. Kept in the journal, so it serialises as plain data.</summary>
internal sealed record LoginSnapshot
{
    public required string Username { get; init; }

    public required bool Exists { get; init; }

    /// <summary>False when the login is blocked (or does not exist). A state, not a fact: it is never cloned.</summary>
    public bool CanLogIn { get; init; }

    public required ServerDescription Server { get; init; }

    public IReadOnlyList<PermissionFact> Facts { get; init; } = [];

    /// <summary>A fingerprint of all facts, whatever their order: SHA-256, the first 16 hexadecimal digits. Two audit entries with one are about the same rights.</summary>
    public string FingerprintFacts() => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', Facts.Select(fact => fact.ToString()).Order(StringComparer.Ordinal)))))[..16];

    /// <summary>What no rule understands, by name.</summary>
    public IReadOnlyList<PlanBlocker> Blockers { get; init; } = [];

    /// <summary>Answers of the server that the planner needs and that are no facts of the login, by name.</summary>
    public IReadOnlyDictionary<string, string> Hints { get; init; } = new Dictionary<string, string>();
}
