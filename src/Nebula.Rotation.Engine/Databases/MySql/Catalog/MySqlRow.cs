using System.Globalization;
using System.Text;
using MySqlConnector;

namespace Nebula.Rotation.Engine.Databases.MySql.Catalog;

/// <summary>One row of a grant table, by the names of its columns: which there are differs from server to server.</summary>
internal sealed class MySqlRow(IReadOnlyDictionary<string, string?> values)
{
    /// <summary>The text of a column; null when it is NULL or there is no such column.</summary>
    public string? this[string column] => values.GetValueOrDefault(column);

    public IEnumerable<KeyValuePair<string, string?>> Columns => values;

    public string Text(string column) => values.GetValueOrDefault(column) ?? "";

    public bool IsYes(string column) => values.GetValueOrDefault(column) is "Y" or "1" or "YES";

    public long Number(string column) => long.TryParse(values.GetValueOrDefault(column), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>All rows of the present result.</summary>
    public static async Task<List<MySqlRow>> ReadAllAsync(MySqlDataReader rows, CancellationToken cancellationToken)
    {
        var all = new List<MySqlRow>();
        while (await rows.ReadAsync(cancellationToken))
        {
            var values = new Dictionary<string, string?>(rows.FieldCount, StringComparer.OrdinalIgnoreCase);
            for (var index = 0; index < rows.FieldCount; index++)
            {
                values[rows.GetName(index)] = rows.IsDBNull(index)
                    ? null
                    : rows.GetValue(index) switch
                    {
                        byte[] bytes => Encoding.UTF8.GetString(bytes),
                        // The driver's reading of tinyint(1).
                        bool flag => flag ? "1" : "0",
                        var value => Convert.ToString(value, CultureInfo.InvariantCulture),
                    };
            }

            all.Add(new(values));
        }

        return all;
    }
}
