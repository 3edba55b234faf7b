namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>What is sent in one round trip.</summary>
/// <param name="Connection">Which connection, by the order in which they were opened.</param>
/// <param name="User">Who opened it.</param>
/// <param name="Database">To which database.</param>
/// <param name="Statements">The statements, with <c>{old}</c> and <c>{new}</c> where the names of the logins were.</param>
internal sealed record FloorStep(int Connection, string User, string Database, IReadOnlyList<string> Statements);
