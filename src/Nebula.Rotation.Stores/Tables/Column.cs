using System.Globalization;
using System.Data.Common;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>
/// How values are written to columns and read back. Times are UTC text of fixed width (ISO 8601), so that they sort as text and a person can read
/// them; enumerations are their names, so that a reordered one does no harm.
/// </summary>
internal static class Column
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";

    public static string Of(Guid value) => value.ToString("D");

    public static string? Of(Guid? value) => value?.ToString("D");

    public static string Of(DateTimeOffset value) => value.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    public static string? Of(DateTimeOffset? value) => value is { } time ? Of(time) : null;

    public static string Of(TimeSpan value) => value.ToString("c", CultureInfo.InvariantCulture);

    public static string Of<TEnum>(TEnum value)
        where TEnum : struct, Enum => value.ToString();

    public static Guid GuidOf(this DbDataReader row, int column) =>
        Guid.TryParseExact(row.GetString(column), "D", out var value) ? value : throw Unreadable(row, column);

    public static Guid? GuidOrNull(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GuidOf(column);

    public static DateTimeOffset TimeOf(this DbDataReader row, int column) =>
        DateTimeOffset.TryParseExact(row.GetString(column), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value)
            ? value
            : throw Unreadable(row, column);

    public static DateTimeOffset? TimeOrNull(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.TimeOf(column);

    public static TimeSpan SpanOf(this DbDataReader row, int column) =>
        TimeSpan.TryParseExact(row.GetString(column), "c", CultureInfo.InvariantCulture, out var value) ? value : throw Unreadable(row, column);

    public static TEnum EnumOf<TEnum>(this DbDataReader row, int column)
        where TEnum : struct, Enum =>
        Enum.TryParse<TEnum>(row.GetString(column), out var value) && Enum.IsDefined(value) ? value : throw Unreadable(row, column);

    public static TEnum? EnumOrNull<TEnum>(this DbDataReader row, int column)
        where TEnum : struct, Enum => row.IsDBNull(column) ? null : row.EnumOf<TEnum>(column);

    public static string? TextOrNull(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static byte[]? BlobOrNull(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);

    private static StoreDataException Unreadable(DbDataReader row, int column) => new($"a value in the column '{row.GetName(column)}' cannot be read.");
}
