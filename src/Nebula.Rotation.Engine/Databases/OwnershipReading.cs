using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases;

/// <summary>What a change of owner is planned with.</summary>
/// <param name="Login">The live login.</param>
/// <param name="Owner">The owner role, which may not exist yet.</param>
/// <param name="MissingRights">Rights the admin lacks.</param>
internal sealed record OwnershipReading(LoginSnapshot Login, LoginSnapshot Owner, IReadOnlyList<string> MissingRights);
