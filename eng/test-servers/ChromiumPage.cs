using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Nebula.Rotation.TestServers;

/// <summary>A page of a browser over the DevTools protocol: one WebSocket, commands with numbers, and events in between.</summary>
public sealed class ChromiumPage : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonObject>> _answers = new();
    private readonly ConcurrentQueue<(string Method, JsonObject Parameters)> _events = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _loads = new();
    private Task _reading = Task.CompletedTask;
    private int _last;

    private ChromiumPage()
    {
    }

    /// <summary>The addresses that the page asked for since it was opened, its own among them.</summary>
    public IReadOnlyList<string> Requests => [.. Of("Network.requestWillBeSent").Select(parameters => (string)parameters["request"]!["url"]!)];

    /// <summary>What stands in its console: script errors, violations of its policy, warnings.</summary>
    public IReadOnlyList<string> Console =>
    [
        .. Of("Log.entryAdded").Select(parameters => (string)parameters["entry"]!["text"]!),
        .. Of("Runtime.consoleAPICalled").Concat(Of("Runtime.exceptionThrown")).Select(parameters => parameters.ToJsonString()),
    ];

    internal static async Task<ChromiumPage> OpenAsync(int port, CancellationToken ct)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
        using var answer = await http.PutAsync(new Uri("json/new?about:blank", UriKind.Relative), null, ct);
        answer.EnsureSuccessStatusCode();
        var target = await answer.Content.ReadFromJsonAsync<JsonObject>(ct);
        var page = new ChromiumPage();
        await page._socket.ConnectAsync(new Uri((string)target!["webSocketDebuggerUrl"]!), ct);
        page._reading = page.ReadAsync();
        foreach (var domain in new[] { "Page", "Network", "Log", "Runtime" })
            await page.SendAsync($"{domain}.enable", null, ct);
        await page.SendAsync("Page.setLifecycleEventsEnabled", new() { ["enabled"] = true }, ct);
        return page;
    }

    /// <summary>Opens an address and waits until all of it is there.</summary>
    public async Task NavigateAsync(Uri address, CancellationToken ct)
    {
        var begun = await SendAsync("Page.navigate", new() { ["url"] = address.AbsoluteUri }, ct);
        if (begun["errorText"] is { } failure)
            throw new InvalidOperationException($"{address}: {failure}");
        // Of this very document: the empty one before it may still be loading.
        await Load((string)begun["loaderId"]!).Task.WaitAsync(Patience, ct);
    }

    /// <summary>Sets the width in CSS pixels, and what the page is told of its reader.</summary>
    /// <param name="width">How wide.</param>
    /// <param name="media"><c>screen</c> or <c>print</c>.</param>
    /// <param name="isDark">True for a reader who prefers dark pages.</param>
    /// <param name="ct">Stops it.</param>
    public async Task ShowAsync(int width, string media, bool isDark, CancellationToken ct)
    {
        await SendAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = 900, ["deviceScaleFactor"] = 1, ["mobile"] = false }, ct);
        await SendAsync(
            "Emulation.setEmulatedMedia",
            new() { ["media"] = media, ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = isDark ? "dark" : "light" }) },
            ct);
        // It is told at once, and the page is laid out anew in its own time.
        var began = Stopwatch.GetTimestamp();
        var isShown = $"innerWidth === {width} && matchMedia('{media}').matches && matchMedia('(prefers-color-scheme: {(isDark ? "dark" : "light")})').matches";
        while (!await EvaluateAsync<bool>(isShown, ct))
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
                throw new TimeoutException($"Not within {Patience.TotalSeconds:0} s: {isShown}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10), ct);
        }
    }

    /// <summary>Gives the value of an expression.</summary>
    public async Task<T> EvaluateAsync<T>(string expression, CancellationToken ct)
    {
        var answer = await SendAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true }, ct);
        return answer["exceptionDetails"] is { } failure
            ? throw new InvalidOperationException(failure.ToJsonString())
            : answer["result"]!["value"]!.Deserialize<T>()!;
    }

    /// <summary>The whole page as a PNG.</summary>
    public async Task<byte[]> CaptureAsync(CancellationToken ct) =>
        Convert.FromBase64String((string)(await SendAsync("Page.captureScreenshot", new() { ["format"] = "png", ["captureBeyondViewport"] = true }, ct))["data"]!);

    /// <summary>The page on A4 paper as a PDF.</summary>
    public async Task<byte[]> PrintAsync(CancellationToken ct) =>
        Convert.FromBase64String((string)(await SendAsync("Page.printToPDF", new() { ["paperWidth"] = 8.27, ["paperHeight"] = 11.69, ["preferCSSPageSize"] = true }, ct))["data"]!);

    /// <summary>The accessible roles of the page with their names, in their order.</summary>
    public async Task<IReadOnlyList<(string Role, string Name)>> ReadAccessibilityAsync(CancellationToken ct)
    {
        var answer = await SendAsync("Accessibility.getFullAXTree", null, ct);
        return
        [
            .. from node in answer["nodes"]!.AsArray()
               where node!["ignored"] is not { } ignored || !(bool)ignored
               select ((string?)node["role"]?["value"] ?? "", (string?)node["name"]?["value"] ?? ""),
        ];
    }

    /// <summary>Presses a key that moves the focus.</summary>
    public async Task PressTabAsync(CancellationToken ct)
    {
        foreach (var type in new[] { "keyDown", "keyUp" })
            await SendAsync("Input.dispatchKeyEvent", new() { ["type"] = type, ["key"] = "Tab", ["code"] = "Tab", ["windowsVirtualKeyCode"] = 9 }, ct);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
        _sending.Dispose();
    }

    private TaskCompletionSource Load(string loader) => _loads.GetOrAdd(loader, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private IEnumerable<JsonObject> Of(string method) => _events.Where(entry => entry.Method == method).Select(entry => entry.Parameters);

    private async Task<JsonObject> SendAsync(string method, JsonObject? parameters, CancellationToken ct)
    {
        var id = Interlocked.Increment(ref _last);
        var answer = _answers[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var message = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] });
        await _sending.WaitAsync(ct);
        try
        {
            await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, ct);
        }
        finally
        {
            _sending.Release();
        }

        return await answer.Task.WaitAsync(Patience, ct);
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer, CancellationToken.None);
                if (part.MessageType == WebSocketMessageType.Close)
                    throw new WebSocketException("The browser closed the page.");
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage)
                    continue;
                Take(JsonNode.Parse(message.GetBuffer().AsSpan(0, (int)message.Length))!.AsObject());
                message.SetLength(0);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            foreach (var answer in _answers.Values)
                answer.TrySetException(e);
            foreach (var load in _loads.Values)
            {
                load.TrySetException(e);
                // Nobody may be waiting for it.
                _ = load.Task.Exception;
            }
        }
    }

    private void Take(JsonObject message)
    {
        if (message["id"] is { } id)
        {
            if (!_answers.TryRemove((int)id, out var answer))
                return;
            if (message["error"] is { } error)
                answer.TrySetException(new InvalidOperationException(error.ToJsonString()));
            else
                answer.TrySetResult(message["result"]!.AsObject());
            return;
        }

        var method = (string)message["method"]!;
        var parameters = message["params"]!.AsObject();
        _events.Enqueue((method, parameters));
        if (method == "Page.lifecycleEvent" && (string?)parameters["name"] == "load")
            Load((string)parameters["loaderId"]!).TrySetResult();
    }
}
