using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>
/// What one client of PostgreSQL sends, up to each Sync, which is one round trip: statements, with their parameters put in as literals (manual, "Message
/// Formats").
/// </summary>
internal sealed class PostgresConversation(int number, Action<FloorStep> seen) : IConversation
{
    private readonly List<byte> _pending = [];
    private readonly Dictionary<string, (string Sql, int[] Types)> _prepared = [];
    private List<string> _statements = [];
    private string _user = "";
    private string _database = "";
    private bool _isStarted;

    public void Read(ReadOnlySpan<byte> bytes)
    {
        _pending.AddRange(bytes);
        while (true)
        {
            var all = CollectionsMarshal.AsSpan(_pending);
            var header = _isStarted ? 5 : 4;
            if (all.Length < header)
                return;
            var length = BinaryPrimitives.ReadInt32BigEndian(all[(header - 4)..]) + header - 4;
            if (all.Length < length)
                return;
            See(_isStarted ? (char)all[0] : '\0', new Body(all[header..length].ToArray()));
            _pending.RemoveRange(0, length);
        }
    }

    private void See(char type, Body body)
    {
        switch (type)
        {
            case '\0':
                _isStarted = body.Int32() == 196608;
                while (_isStarted && body.Text() is { Length: > 0 } name)
                {
                    var value = body.Text();
                    (_user, _database) = name switch { "user" => (value, _database), "database" => (_user, value), _ => (_user, _database) };
                }

                break;
            case 'Q':
                _statements.Add(body.Text());
                Flush();
                break;
            case 'P':
                var (key, sql) = (body.Text(), body.Text());
                _prepared[key] = (sql, [.. Enumerable.Range(0, body.Int16()).Select(_ => body.Int32())]);
                break;
            case 'B':
                _ = body.Text();
                var statement = _prepared[body.Text()];
                var formats = Enumerable.Range(0, body.Int16()).Select(_ => body.Int16()).ToArray();
                var values = Enumerable.Range(0, body.Int16()).Select(index => body.Value(statement.Types.ElementAtOrDefault(index), formats.Length == 0 ? 0 : formats[formats.Length == 1 ? 0 : index])).ToArray();
                _statements.Add(Inline(statement.Sql, values));
                break;
            case 'S':
                Flush();
                break;
        }
    }

    private void Flush()
    {
        if (_statements.Count > 0)
            seen(new(number, _user, _database, _statements));
        _statements = [];
    }

    private static string Inline(string sql, string[] values)
    {
        for (var index = values.Length; index > 0; index--)
            sql = sql.Replace($"${index}", values[index - 1], StringComparison.Ordinal);
        return sql;
    }

    /// <summary>A message's body, read from its start.</summary>
    private sealed class Body(byte[] bytes)
    {
        private int _at;

        public int Int32() => BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan((_at += 4) - 4));

        public int Int16() => BinaryPrimitives.ReadInt16BigEndian(bytes.AsSpan((_at += 2) - 2));

        public string Text()
        {
            var end = Array.IndexOf(bytes, (byte)0, _at);
            var text = Encoding.UTF8.GetString(bytes.AsSpan(_at..end));
            _at = end + 1;
            return text;
        }

        /// <summary>A parameter as a literal; of the types that this product sends.</summary>
        public string Value(int type, int format)
        {
            var length = Int32();
            if (length < 0)
                return "NULL";
            var value = bytes.AsSpan((_at += length) - length, length);
            if (format == 0)
                return Literal(Encoding.UTF8.GetString(value));
            return type switch
            {
                0 or 25 or 19 or 1043 or 18 => Literal(Encoding.UTF8.GetString(value)),
                16 => value[0] == 1 ? "true" : "false",
                21 => BinaryPrimitives.ReadInt16BigEndian(value).ToString(CultureInfo.InvariantCulture),
                20 => BinaryPrimitives.ReadInt64BigEndian(value).ToString(CultureInfo.InvariantCulture),
                23 => BinaryPrimitives.ReadInt32BigEndian(value).ToString(CultureInfo.InvariantCulture),
                26 => $"{BinaryPrimitives.ReadUInt32BigEndian(value).ToString(CultureInfo.InvariantCulture)}::oid",
                1009 or 1015 or 1003 or 1028 or 1007 => ArrayOf(type, value),
                _ => throw new NotSupportedException($"A parameter of type {type} is not read here yet."),
            };
        }

        private static string ArrayOf(int type, ReadOnlySpan<byte> value)
        {
            var (element, name) = type switch { 1028 => (26, "oid"), 1007 => (23, "int4"), 1003 => (19, "name"), _ => (25, "text") };
            if (BinaryPrimitives.ReadInt32BigEndian(value) == 0)
                return $"'{{}}'::{name}[]";
            var body = new Body(value[12..].ToArray());
            var count = body.Int32();
            _ = body.Int32();
            return $"ARRAY[{string.Join(", ", Enumerable.Range(0, count).Select(_ => body.Value(element, 1)))}]::{name}[]";
        }

        private static string Literal(string text) => text.Contains('\\', StringComparison.Ordinal)
            ? $"E'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'"
            : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    }
}
