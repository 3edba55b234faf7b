namespace Nebula.Rotation.Stores.PostgreSql;

/// <summary>How to find out whether a transaction has committed: a row that it has locked, for which whoever asks waits until it has ended, and one that it alone wrote.</summary>
internal sealed record CommitProof(
    string Held, (string Name, object? Value)[] HeldParameters, string Fact, (string Name, object? Value)[] FactParameters);
