using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nebula.Rotation.Engine.Workflow.Fleets;

/// <summary>Posts the summary of a run as JSON. Nothing of a rotation depends on it: what goes wrong is said and forgotten.</summary>
internal static class Webhook
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Refuses an address that would carry the names of credentials over the network in the clear.</summary>
    public static void Validate(Uri? address)
    {
        if (address is null)
            return;
        if (!address.IsAbsoluteUri || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
        {
            throw new RotationException(
                RotationErrorCode.InvalidArgument, $"The webhook's address must be https, or http to this machine.", "Nothing was changed. Give another -WebhookUri.");
        }
    }

    /// <returns>What went wrong, or null. Without the address: its path or query may be a secret.</returns>
    public static async Task<string?> PostAsync(Uri address, RotationSummary summary, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout };
            using var answer = await client.PostAsJsonAsync(address, summary, Json, cancellationToken);
            return answer.IsSuccessStatusCode ? null : $"The webhook at {address.Host} answered {(int)answer.StatusCode}.";
        }
        catch (HttpRequestException exception)
        {
            return $"The webhook at {address.Host} could not be reached ({exception.HttpRequestError}).";
        }
        catch (OperationCanceledException)
        {
            return $"The webhook at {address.Host} did not answer in {Timeout.TotalSeconds:0} s.";
        }
    }
}
