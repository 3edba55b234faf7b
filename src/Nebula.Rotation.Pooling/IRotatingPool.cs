namespace Nebula.Rotation.Pooling;

/// <summary>A pool whose login can be replaced while it is in use, as a publisher of logins sees it.</summary>
public interface IRotatingPool
{
    /// <summary>The user name that the next connection is opened with.</summary>
    string Username { get; }

    /// <summary>
    /// Makes a pool with the login, proves it, and puts it in the place of the one in use, which drains. When the task ends, whatever is opened next
    /// belongs to the login. With the login that is in use already nothing happens.
    /// </summary>
    /// <exception cref="RotationException"><see cref="RotationErrorCode.PublishFailed"/>: the login could not be proved. The pool is what it was.</exception>
    Task<PoolAdoption> AdoptAsync(PoolLogin login, CancellationToken cancellationToken);
}
