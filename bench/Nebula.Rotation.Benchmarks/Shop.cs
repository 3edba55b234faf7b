using System.Security.Cryptography;
using Nebula.Rotation.Benchmarks.Floors;
using Nebula.Rotation.Engine.Databases;

namespace Nebula.Rotation.Benchmarks;

/// <summary>A server of one engine that has what an application needs, and makes the application's logins.</summary>
internal abstract class Shop : IAsyncDisposable
{
    /// <summary>Of every login that is made here.</summary>
    public const string Password = "Bench-Password.1";

    /// <summary>What the table calls the engine.</summary>
    public abstract string Title { get; }

    /// <summary>The file in bench/floors.</summary>
    public abstract string FloorName { get; }

    public abstract Login Admin { get; }

    public static string NewName(string like) => $"{like}_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    public abstract DatabaseCredential Credential(string username);

    /// <summary>A login with what an application usually has.</summary>
    public abstract Task<string> NewTypicalLoginAsync();

    /// <summary>What the server may be given for <see cref="Password"/>, so that it need not hash.</summary>
    public abstract Task<string> NewVerifierAsync();

    /// <summary>The statement with <see cref="FloorNames.VerifierSlot"/> in the place of each verifier.</summary>
    public abstract string MaskVerifiers(string statement);

    /// <summary>A recorder in front of the server.</summary>
    public abstract Recorder Record();

    /// <summary>A connection by the raw driver.</summary>
    public abstract Task<IFloorConnection> OpenAsync(string user, string database);

    public abstract ValueTask DisposeAsync();

    protected string PasswordOf(string user) => user == Admin.Username ? Admin.Password.Reveal() : Password;
}
