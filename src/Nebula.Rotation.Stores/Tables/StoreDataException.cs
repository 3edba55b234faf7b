namespace Nebula.Rotation.Stores.Tables;

/// <summary>A row holds what no store writes. Becomes StoreCorrupt where the file's path is known.</summary>
internal sealed class StoreDataException(string message, Exception? innerException = null) : Exception(message, innerException);
