namespace Nebula.Rotation.Module.Tests.ScriptHost;

internal sealed record ScriptHostResult(int ExitCode, string Output, string Error);
