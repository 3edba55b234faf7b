using System.Collections;

namespace Nebula.Rotation.Engine.Reporting;

/// <summary>Who had sessions of an old login when its drain was last looked at.</summary>
/// <param name="Host">Where the sessions come from.</param>
/// <param name="Application">What the client calls itself; may be empty.</param>
/// <param name="Endpoint">The server that listed them, where there are several; or null.</param>
/// <param name="Sessions">How many.</param>
internal sealed record LoginHolder(string Host, string Application, string? Endpoint, int Sessions)
{
    /// <summary>Those that a Drain stage recorded; empty where it recorded none.</summary>
    public static IReadOnlyList<LoginHolder> Of(StageResult? stage)
    {
        if (stage?.Details.GetValueOrDefault("Holders") is not IEnumerable list)
            return [];
        return
        [
            .. from item in list.OfType<IReadOnlyDictionary<string, object?>>()
               select new LoginHolder(
                   item.GetValueOrDefault("Host") as string ?? "",
                   item.GetValueOrDefault("Application") as string ?? "",
                   item.GetValueOrDefault("Endpoint") as string,
                   item.GetValueOrDefault("Sessions") is int sessions ? sessions : 0),
        ];
    }
}
