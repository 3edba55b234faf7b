namespace Nebula.Rotation.Pooling;

/// <summary>A look at the source, or what came of it, has failed. The pool goes on with the login that it has.</summary>
/// <param name="Username">The login in use.</param>
/// <param name="Error">What went wrong; holds no password.</param>
/// <param name="Failures">How many looks in a row have failed.</param>
/// <param name="RetryAfter">When it looks again.</param>
public sealed record PoolFailure(string Username, Exception Error, int Failures, TimeSpan RetryAfter);
