namespace Nebula.Rotation.TestServers;

/// <summary>A server's error reply, in its words.</summary>
public sealed class RedisReplyException(string message) : Exception(message);
