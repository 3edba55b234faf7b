using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>The same with Valkey.</summary>
public sealed class SharedValkey() : SharedRedis(RedisRelease.Valkey);
