using System.Text.Encodings.Web;
using System.Text.Json;

namespace Nebula.Rotation.Benchmarks.Floors;

/// <summary>The least that a rotation needs: a pinned list in bench/floors.</summary>
/// <param name="Writes">How many durable writes the journal makes.</param>
/// <param name="Steps">What is sent to the server.</param>
internal sealed record Floor(int Writes, IReadOnlyList<FloorStep> Steps)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    public int Connections => Steps.Select(step => step.Connection).Distinct().Count();

    public static string PathOf(Shop shop) => Path.Combine(Repository.Root, "bench", "floors", shop.FloorName);

    public static async Task<Floor> ReadAsync(Shop shop, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize<Floor>(await File.ReadAllTextAsync(PathOf(shop), cancellationToken))!;

    /// <summary>A copy without the names and hashes of one run.</summary>
    public Floor Mask(Shop shop, FloorNames names) => this with
    {
        Steps = [.. Steps.Select(step => step with
        {
            User = names.Mask(step.User),
            Statements = [.. step.Statements.Select(statement => names.Mask(shop.MaskVerifiers(statement)))],
        })],
    };

    /// <exception cref="InvalidOperationException">It has a secret in it, and is not written.</exception>
    public async Task WriteAsync(Shop shop, IEnumerable<string> secrets)
    {
        var text = JsonSerializer.Serialize(new { Writes, Steps }, Json);
        if (secrets.Any(secret => text.Contains(secret, StringComparison.Ordinal)))
            throw new InvalidOperationException($"{shop.Title}: the recorded list has a secret in it.");
        await File.WriteAllTextAsync(PathOf(shop), $"{text}\n");
    }

    /// <summary>Does all of it: each connection is opened where it is first used, and the writes are spread over the steps.</summary>
    public async Task ReplayAsync(Shop shop, FloorNames names, string verifier, FloorFile file)
    {
        var connections = new Dictionary<int, IFloorConnection>();
        var written = 0;
        try
        {
            for (var index = 0; index < Steps.Count; index++)
            {
                var step = Steps[index];
                if (!connections.TryGetValue(step.Connection, out var connection))
                    connections[step.Connection] = connection = await shop.OpenAsync(names.Fill(step.User, verifier), step.Database);
                await connection.RunAsync([.. step.Statements.Select(statement => names.Fill(statement, verifier))]);
                for (; written < (index + 1) * Writes / Steps.Count; written++)
                    await file.WriteAsync();
            }
        }
        finally
        {
            foreach (var connection in connections.Values)
                await connection.DisposeAsync();
        }
    }
}
