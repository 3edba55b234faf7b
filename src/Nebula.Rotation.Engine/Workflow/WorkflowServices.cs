using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>What every run shares.</summary>
internal sealed record WorkflowServices(ICredentialStore Store, EngineRegistry Engines, TimeProvider Time, RotationTiming Timing);
