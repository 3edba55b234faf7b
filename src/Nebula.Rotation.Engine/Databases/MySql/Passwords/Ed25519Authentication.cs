using System.Text;
using MySqlConnector.Authentication;

namespace Nebula.Rotation.Engine.Databases.MySql.Passwords;

/// <summary>The client's side of MariaDB's plugin ed25519: the challenge, signed (MariaDB documentation, "Authentication Plugin - ed25519").</summary>
internal sealed class Ed25519Authentication : IAuthenticationPlugin3
{
    public string Name => "client_ed25519";

    public byte[] CreateResponse(string password, ReadOnlySpan<byte> authenticationData)
    {
        CreateResponseAndPasswordHash(password, authenticationData, out var response, out _);
        return response;
    }

    public void CreateResponseAndPasswordHash(string password, ReadOnlySpan<byte> authenticationData, out byte[] authenticationResponse, out byte[] passwordHash)
    {
        var key = new Ed25519Key(Encoding.UTF8.GetBytes(password));
        // The challenge is 32 bytes; a zero ends the packet.
        authenticationResponse = key.Sign(authenticationData[..Math.Min(32, authenticationData.Length)]);
        passwordHash = key.PublicKey;
    }
}
