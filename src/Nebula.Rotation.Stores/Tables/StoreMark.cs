using System.Text;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>What a move leaves in both stores: where the one went, and where the other came from.</summary>
internal static class StoreMark
{
    public const string MovedToName = "moved-to";
    public const string MovedFromName = "moved-from";

    public static async Task<string?> FindMovedToAsync(StoreSession session) => await ReadAsync(session, MovedToName);

    public static async Task<string?> ReadAsync(StoreSession session, string name) =>
        await session.ScalarAsync("SELECT value FROM meta WHERE key = $key", ("$key", name)) is byte[] value ? Decode(value) : null;

    public static Task WriteAsync(StoreSession session, string name, string text) => WriteAsync(session, name, Encoding.UTF8.GetBytes(text));

    public static Task WriteAsync(StoreSession session, string name, byte[] value) => session.SendAsync(
        "INSERT INTO meta (key, value) VALUES ($key, $value) ON CONFLICT (key) DO UPDATE SET value = excluded.value", ("$key", name), ("$value", value));

    public static string Decode(byte[] value) => Encoding.UTF8.GetString(value);

    public static RotationException Moved(string elsewhere) => new(
        RotationErrorCode.StoreUnavailable,
        $"This store was moved to '{elsewhere}'; what it holds is from before, and may be no longer true.",
        "Name that one with -Store or NEBULA_STORE. This one was left as it was and can be deleted.");
}
