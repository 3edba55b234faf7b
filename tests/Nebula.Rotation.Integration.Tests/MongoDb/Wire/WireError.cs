namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>A refusal, with the numbers and words of mongod (manual, "Error Codes").</summary>
internal sealed class WireError(int code, string name, string message) : Exception(message)
{
    public int Code { get; } = code;

    public string Name { get; } = name;

    public static WireError BadValue(string message) => new(2, "BadValue", message);

    public static WireError UserNotFound(string user, string db) => new(11, "UserNotFound", $"User '{user}@{db}' not found");

    public static WireError Unauthorized(string message) => new(13, "Unauthorized", message);

    public static WireError AuthenticationFailed() => new(18, "AuthenticationFailed", "Authentication failed.");

    public static WireError RoleNotFound(string role, string db) => new(31, "RoleNotFound", $"Could not find role: {role}@{db}");

    public static WireError CommandNotFound(string command) => new(59, "CommandNotFound", $"no such command: '{command}'");

    public static WireError NotPrimary() => new(10107, "NotWritablePrimary", "not primary");

    public static WireError UserExists(string user, string db) => new(51003, "Location51003", $"User \"{user}@{db}\" already exists");

    public static WireError UnknownField(string command, string field) => new(40415, "Location40415", $"BSON field '{command}.{field}' is an unknown field.");
}
