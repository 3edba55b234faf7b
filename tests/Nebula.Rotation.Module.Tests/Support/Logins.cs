using System.Management.Automation;
using System.Security;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>Logins as PowerShell has them.</summary>
internal static class Logins
{
    public static PSCredential Make(string username, string password)
    {
        var secure = new SecureString();
        foreach (var character in password)
            secure.AppendChar(character);
        return new PSCredential(username, secure);
    }
}
