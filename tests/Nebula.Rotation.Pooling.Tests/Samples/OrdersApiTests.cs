using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Reflection;
using Nebula.Rotation.Pooling.Tests.Databases;

namespace Nebula.Rotation.Pooling.Tests.Samples;

/// <summary>
/// The sample API as a program of its own, under steady load over HTTP while its login is rotated ten times. Asserted: no request fails, and the latency while
/// the login changes stays near the one in quiet times. For the latter, the load is cut into rounds of two quiet seconds and a rotation; each round's quiet p99
/// and p99 during its rotation are measured next to each other, and the medians over all rounds are compared: what else the machine does hits both, and a
/// single hiccup neither. A median of "during" may be 1.5 times the one of "quiet", and <see cref="Jitter"/> more, which is what a scheduler with two cores adds.
/// Beyond it, it is the rotations' doing when most of them were that much slower than the two seconds before them, and not some, as chance has it on a busy machine.
/// </summary>
public abstract class OrdersApiTests(TestDatabase database)
{
    private const int Rotations = 10;
    private const int Workers = 4;
    private const double Limit = 1.5;
    private const int Most = 8;

    private static readonly TimeSpan Jitter = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Think = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_rotations_fail_no_request_and_are_hardly_noticed()
    {
        var (service, path) = await database.NewStoreAsync("orders");
        await using var _ = service;
        using var api = await StartApiAsync(path);
        await using var load = new Load(api.Address);
        await load.ServesAsync(500);

        var (quiet, during) = (new List<double>(), new List<double>());
        for (var rotation = 1; rotation <= Rotations; rotation++)
        {
            load.Measure();
            await Task.Delay(Quiet, Cancellation);
            quiet.Add(Percentile(load.Measure(), 0.99));
            var record = await service.RotateAsync(
                new RotationRequest { Name = "orders", GracePeriod = TimeSpan.FromSeconds(2), DrainTimeout = Eventually.Limit }, new PoolPublisher([]), Cancellation);
            during.Add(Percentile(load.Measure(), 0.99));
            Assert.Equal(RotationState.Completed, record.State);
            Assert.Equal(record.NewUsername, await api.Client.GetStringAsync(new Uri("login", UriKind.Relative), Cancellation));
        }

        var slow = quiet.Zip(during).Count(static round => IsSlow(round.First, round.Second));
        var (before, meanwhile) = (Percentile(quiet, 0.5), Percentile(during, 0.5));
        var figures = string.Create(
            CultureInfo.InvariantCulture,
            $"{load.Requests} requests, {load.Failures.Count} failed, {Rotations} rotations; p99: {before:0.0} ms in quiet times, {meanwhile:0.0} ms during rotations (medians of {Rotations}), x {meanwhile / before:0.00}; beyond the limit in {slow} of {Rotations}");
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        Assert.True(load.Failures.Count == 0, $"{figures}\n{string.Join('\n', load.Failures.Take(5))}");
        Assert.False(IsSlow(before, meanwhile) && slow >= Most, figures);
    }

    private static bool IsSlow(double quiet, double during) => during > quiet * Limit + Jitter.TotalMilliseconds;

    private static double Percentile(List<double> values, double share)
    {
        Assert.NotEmpty(values);
        return values.Order().ElementAt(Math.Min(values.Count - 1, (int)(values.Count * share)));
    }

    private static async Task<Api> StartApiAsync(string store)
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!);
        var output = Path.Combine(folder.Parent!.Name, folder.Name);
        while (!File.Exists(Path.Combine(folder.FullName, "Nebula.Rotation.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("The solution is in no folder above the tests.");
        const string Name = "Nebula.Rotation.Samples.OrdersApi";
        var program = Path.Combine(folder.FullName, "samples", Name, "bin", output, Name + ".dll");
        var api = new Api(program, store, FindPort());
        await api.AnswersAsync();
        return api;
    }

    private static int FindPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed class Api : IDisposable
    {
        private readonly Process _process;

        public Api(string program, string store, int port)
        {
            Address = new Uri($"http://127.0.0.1:{port}/");
            Client = new HttpClient { BaseAddress = Address };
            _process = Process.Start(new ProcessStartInfo("dotnet", [program, "--urls", Address.ToString(), "--Store", store, "--Credential", "orders"])
            {
                WorkingDirectory = Path.GetDirectoryName(program),
            })!;
        }

        public Uri Address { get; }

        public HttpClient Client { get; }

        public Task AnswersAsync() => Eventually.HoldsAsync(
            async () =>
            {
                Assert.False(_process.HasExited, "The API ended.");
                try
                {
                    return (await Client.GetAsync(new Uri("login", UriKind.Relative), Cancellation)).IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the API answers");

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
            Client.Dispose();
        }
    }

    private sealed class Load : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Lock _gate = new();
        private readonly List<string> _failures = [];
        private readonly HttpClient _client;
        private readonly Task[] _workers;
        private List<double> _latencies = [];
        private int _requests;

        public Load(Uri address)
        {
            _client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };
            _workers = [.. Enumerable.Range(0, Workers).Select(worker => Task.Run(() => WorkAsync($"product {worker}")))];
        }

        public int Requests => Volatile.Read(ref _requests);

        public IReadOnlyList<string> Failures
        {
            get
            {
                lock (_gate)
                    return [.. _failures];
            }
        }

        /// <summary>The latencies since the last call, in milliseconds.</summary>
        public List<double> Measure()
        {
            lock (_gate)
            {
                var measured = _latencies;
                _latencies = [];
                return measured;
            }
        }

        public Task ServesAsync(int requests) => Eventually.HoldsAsync(() => Requests >= requests || Failures.Count > 0, $"{requests} requests");

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Task.WhenAll(_workers);
            _client.Dispose();
            _stop.Dispose();
        }

        private async Task WorkAsync(string product)
        {
            for (var round = 0; !_stop.IsCancellationRequested; round++)
            {
                var began = Stopwatch.GetTimestamp();
                try
                {
                    using var response = round % 2 == 0
                        ? await _client.PostAsJsonAsync("orders", new { Product = product, Amount = round })
                        : await _client.GetAsync(new Uri($"orders/{Uri.EscapeDataString(product)}", UriKind.Relative));
                    var text = await response.Content.ReadAsStringAsync();
                    if (!response.IsSuccessStatusCode)
                        Fail($"{(int)response.StatusCode} {text}");
                }
                catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
                {
                    Fail(exception.Message);
                }

                lock (_gate)
                    _latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                Interlocked.Increment(ref _requests);
                await Task.Delay(Think);
            }
        }

        private void Fail(string message)
        {
            lock (_gate)
                _failures.Add(message);
        }
    }
}

public sealed class OrdersApiOnPostgreSqlTests(PostgreSqlDatabase database) : OrdersApiTests(database);

public sealed class OrdersApiOnMariaDbTests(MariaDbDatabase database) : OrdersApiTests(database);
