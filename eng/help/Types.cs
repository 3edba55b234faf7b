using System.Collections;
using System.Management.Automation;
using System.Security;

namespace Nebula.Rotation.Help;

/// <summary>Names of types as PowerShell writes them.</summary>
public static class Types
{
    private static readonly Dictionary<Type, string> Short = new()
    {
        [typeof(string)] = "string", [typeof(int)] = "int", [typeof(bool)] = "bool", [typeof(Guid)] = "guid", [typeof(TimeSpan)] = "timespan",
        [typeof(DateTime)] = "datetime", [typeof(Uri)] = "uri", [typeof(Hashtable)] = "hashtable", [typeof(IDictionary)] = "IDictionary",
        [typeof(PSCredential)] = "pscredential", [typeof(ScriptBlock)] = "scriptblock", [typeof(SecureString)] = "securestring",
    };

    /// <summary>The short name in a syntax.</summary>
    public static string Name(Type type) =>
        type.IsArray ? $"{Name(type.GetElementType()!)}[]" : Short.TryGetValue(type, out var name) ? name : type.Name;

    /// <summary>The whole name among inputs and outputs.</summary>
    public static string FullName(Type type) => type == typeof(void) ? "None" : type.FullName!;
}
