namespace Nebula.Rotation;

/// <summary>How a connection is protected; the words and their meaning are libpq's.</summary>
public enum SslMode
{
    /// <summary>Use TLS where the server offers it, without looking at its certificate.</summary>
    Prefer,

    /// <summary>Never use TLS.</summary>
    Disable,

    /// <summary>Use TLS or fail, without looking at the certificate.</summary>
    Require,

    /// <summary>Use TLS; the certificate must be signed by a trusted authority.</summary>
    VerifyCA,

    /// <summary>Use TLS; the certificate must be signed by a trusted authority and name the host.</summary>
    VerifyFull,
}
