using System.Collections;

namespace Nebula.Rotation.Module.Binding;

/// <summary>The parameters that New- and Set-NebulaDbCredential share. Null means: not given.</summary>
internal interface ICredentialSettings
{
    string[]? HostName { get; }

    int? Port { get; }

    string? Database { get; }

    string? AdminCredentialName { get; }

    SslMode? SslMode { get; }

    string? CACertificate { get; }

    int? MaxConnections { get; }

    TimeSpan? ConnectionTimeout { get; }

    RotationStrategy? Strategy { get; }

    TimeSpan? RotationInterval { get; }

    string? Schedule { get; }

    string[]? MaintenanceWindow { get; }

    string? TimeZone { get; }

    TimeSpan? Jitter { get; }

    int? KeepVersions { get; }

    TimeSpan? KeepVersionsFor { get; }

    TimeSpan? RetainFor { get; }

    string? UsernameTemplate { get; }

    PasswordPolicy? PasswordPolicy { get; }

    Hashtable? Option { get; }

    string[]? Tag { get; }
}
