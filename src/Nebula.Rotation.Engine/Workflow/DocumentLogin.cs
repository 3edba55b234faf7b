using System.Text.Json.Serialization;

namespace Nebula.Rotation.Engine.Workflow;

/// <summary>A login inside a document. Not a record: a record's ToString would print the password.</summary>
internal sealed class DocumentLogin(string username, string password, int version)
{
    public string Username { get; } = username;

    [JsonInclude]
    internal string Password { get; } = password;

    public int Version { get; } = version;

    public Login ToLogin() => new(Username, new(Password));

    public DocumentLogin WithoutPassword() => new(Username, "", Version);
}
