using System.Management.Automation;
using System.Runtime.InteropServices;
using System.Security;
using Nebula.Rotation.Module.Errors;

namespace Nebula.Rotation.Module.Binding;

/// <summary>From PowerShell's form of a login to ours, and back.</summary>
internal static class Credentials
{
    /// <summary>
    /// Null stays null. One managed text is made, the one the secret holds: GetNetworkCredential would make a second, and would split
    /// a user name at its backslash.
    /// </summary>
    public static Login? ToLogin(this PSCredential? credential, string parameter)
    {
        if (credential is null)
            return null;
        if (string.IsNullOrEmpty(credential.UserName))
            throw InvalidArgument.Because($"-{parameter} has no user name.");
        var text = Marshal.SecureStringToGlobalAllocUnicode(credential.Password);
        try
        {
            return new Login(credential.UserName, new Secret(Marshal.PtrToStringUni(text, credential.Password.Length)));
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(text);
        }
    }

    /// <summary>Null stays null.</summary>
    public static Secret? ToSecret(this SecureString? text)
    {
        if (text is null)
            return null;
        var pointer = Marshal.SecureStringToGlobalAllocUnicode(text);
        try
        {
            return new Secret(Marshal.PtrToStringUni(pointer, text.Length));
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(pointer);
        }
    }

    public static SecureString ToSecureString(this Secret secret)
    {
        var result = new SecureString();
        foreach (var character in secret.Reveal())
            result.AppendChar(character);
        result.MakeReadOnly();
        return result;
    }
}
