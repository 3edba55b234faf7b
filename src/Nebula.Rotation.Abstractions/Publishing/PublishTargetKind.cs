namespace Nebula.Rotation;

/// <summary>What a publish target is.</summary>
public enum PublishTargetKind
{
    /// <summary>Variables in a .env file, as a POSIX shell reads it.</summary>
    EnvFile,

    /// <summary>Texts in a JSON file, by key path such as <c>ConnectionStrings:Default</c>.</summary>
    JsonFile,

    /// <summary>libpq's password file (PostgreSQL only). The old login's lines stay until it is retired.</summary>
    PgPass,

    /// <summary>A section of a MySQL option file (MySQL and MariaDB only).</summary>
    MyCnf,

    /// <summary>PgBouncer's auth_file, and its reload (PostgreSQL only). The old login's line stays until it is retired.</summary>
    PgBouncerUserList,

    /// <summary>The data of a Kubernetes Secret in a manifest file, YAML or JSON.</summary>
    KubernetesSecret,

    /// <summary>A program that is given the login as JSON on its standard input.</summary>
    Command,

    /// <summary>A PowerShell script file with a Publish and a Rollback action.</summary>
    ScriptFile,

    /// <summary>Secrets in a vault of Microsoft.PowerShell.SecretManagement.</summary>
    SecretVault,
}
