using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>The same with Redis 8.</summary>
public sealed class SharedRedis8() : SharedRedis(RedisRelease.Redis8);
