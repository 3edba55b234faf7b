using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Nebula.Rotation.Stores.Tables;

/// <summary>
/// The figures of a stage as JSON. Numbers, truth values, texts, lists and dictionaries come back as what they were (a whole number as int where
/// it fits, else long); anything else comes back as its text.
/// </summary>
internal static class StageDetails
{
    public static string Write(IReadOnlyDictionary<string, object?> details) => ToJson(writer =>
    {
        writer.WriteStartObject();
        foreach (var (name, value) in details)
        {
            writer.WritePropertyName(name);
            WriteValue(writer, value);
        }

        writer.WriteEndObject();
    });

    public static string WriteList(IEnumerable<string?> values) => ToJson(writer => WriteValue(writer, values));

    public static IReadOnlyDictionary<string, object?> Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? ReadObject(document.RootElement)
                : throw new StoreDataException("the details of a stage cannot be read.");
        }
        catch (JsonException exception)
        {
            throw new StoreDataException("the details of a stage cannot be read.", exception);
        }
    }

    private static string ToJson(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            write(writer);
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case sbyte or byte or short or ushort or int or uint or long:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case decimal number:
                writer.WriteNumberValue(number);
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case DateTimeOffset time:
                writer.WriteStringValue(time);
                break;
            case IReadOnlyDictionary<string, object?> nested:
                writer.WriteStartObject();
                foreach (var (name, item) in nested)
                {
                    writer.WritePropertyName(name);
                    WriteValue(writer, item);
                }

                writer.WriteEndObject();
                break;
            case IEnumerable list:
                writer.WriteStartArray();
                foreach (var item in list)
                    WriteValue(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static object? ReadValue(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number when element.TryGetInt32(out var number) => number,
        JsonValueKind.Number when element.TryGetInt64(out var number) => number,
        JsonValueKind.Number => element.GetDouble(),
        JsonValueKind.Array => element.EnumerateArray().Select(ReadValue).ToArray(),
        JsonValueKind.Object => ReadObject(element),
        _ => null,
    };

    private static Dictionary<string, object?> ReadObject(JsonElement element) =>
        element.EnumerateObject().ToDictionary(static property => property.Name, static property => ReadValue(property.Value), StringComparer.Ordinal);
}
