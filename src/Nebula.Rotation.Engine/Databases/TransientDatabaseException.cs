namespace Nebula.Rotation.Engine.Databases;

/// <summary>
/// A change unit failed, was taken back whole, and may succeed when repeated: a lock was not to be had in time, or two changes met in the catalog.
/// </summary>
internal sealed class TransientDatabaseException(string message, Exception innerException) : Exception(message, innerException);
