namespace Nebula.Rotation.Engine.Publishing;

/// <summary>What the entries of a target hold for a login.</summary>
internal static class TargetEntries
{
    /// <summary>The values of the target's entries, or of the kind's own when it names none.</summary>
    public static IReadOnlyList<TargetEntry> Of(TargetContext context, Login login, IReadOnlyList<(string Name, PublishFormat Format)> defaults)
    {
        var entries = context.Target.Entries.Count > 0 ? context.Target.Entries.Select(entry => (Name: entry.Key, Format: entry.Value)) : defaults;
        return [.. entries.Where(entry => entry.Format != PublishFormat.Credential).Select(entry => new TargetEntry(entry.Name, entry.Format, Value(context, login, entry.Format)))];
    }

    private static string Value(TargetContext context, Login login, PublishFormat format)
    {
        var credential = context.Credential with { Username = login.Username };
        return format switch
        {
            PublishFormat.Username => login.Username,
            PublishFormat.Password => login.Password.Reveal(),
            PublishFormat.Host => string.Join(',', credential.HostName),
            PublishFormat.Port => credential.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            PublishFormat.Database => credential.Database,
            PublishFormat.AdoNet => Format(ConnectionStringFormat.AdoNet),
            PublishFormat.Libpq => Format(ConnectionStringFormat.Libpq),
            PublishFormat.Jdbc => Format(ConnectionStringFormat.Jdbc),
            _ => Format(ConnectionStringFormat.Uri),
        };

        string Format(ConnectionStringFormat form) => context.Engine.FormatConnectionString(credential, login, form).Reveal();
    }
}

/// <summary>An entry and its value. Not a record: a record's ToString would print the value.</summary>
internal sealed class TargetEntry(string name, PublishFormat format, string value)
{
    public string Name { get; } = name;

    public PublishFormat Format { get; } = format;

    public string Value { get; } = value;
}
