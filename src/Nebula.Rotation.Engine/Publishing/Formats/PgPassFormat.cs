using System.Text;
using Nebula.Rotation.Engine.Publishing.Files;

namespace Nebula.Rotation.Engine.Publishing.Formats;

/// <summary>
/// Lines of host:port:database:user:password (manual, "The Password File"): the first one that fits counts, so the login's goes before any other that would
/// fit it. The line of the login before stays until that is retired, for consumers that still use its name.
/// </summary>
internal sealed class PgPassFormat : IFileFormat
{
    /// <summary>Folders whose sockets libpq looks up as localhost.</summary>
    private static readonly string[] DefaultSocketFolders = ["/tmp", "/run/postgresql", "/var/run/postgresql"];

    public bool OwnerOnly => true;

    public IReadOnlyList<(string Name, PublishFormat Format)> DefaultEntries { get; } = [];

    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        TargetOptions.Allow(target);
        if (credential.DatabaseType != DatabaseType.PostgreSql)
            throw TargetFailure.Invalid(target, "only PostgreSQL's clients read it.");
        if (target.Entries.Count > 0)
            throw TargetFailure.Invalid(target, "its lines have one form; it takes no -Entry.");
    }

    public string Write(string text, FileLogin login)
    {
        var password = login.Login.Password.Reveal();
        if ((login.Login.Username + password).IndexOfAny(['\r', '\n', '\0']) >= 0)
            throw TargetFailure.Because("The user name or the password has a line end in it, which a password file cannot hold.", "Give the credential another password.");
        foreach (var place in Places(login.Credential))
            text = Write(text, place, login);
        return text;
    }

    public string Remove(string text, FileLogin login)
    {
        var places = Places(login.Credential);
        foreach (var line in Enumerable.Reverse(Lines(text)).Where(line => places.Any(place => line.Is(place, login.Login.Username))))
            text = text.Remove(line.Start, line.Next - line.Start);
        return text;
    }

    private static string Write(string text, string[] place, FileLogin login)
    {
        var user = login.Login.Username;
        var password = login.Login.Password.Reveal();
        var lines = Lines(text);
        var first = lines.Find(line => line.Fits(place, user));
        var wanted = string.Join(':', place.Append(user).Append(password).Select(Escape));
        if (first is null)
            return TargetText.Append(text, wanted);
        if (first.Is(place, user))
            return first.Fields[4] == password ? text : text.Remove(first.Start, first.Length).Insert(first.Start, wanted);
        return text.Insert(first.Start, wanted + TargetText.LineEnd(text));
    }

    /// <summary>Host, port and database as libpq looks them up.</summary>
    private static List<string[]> Places(DatabaseCredential credential)
    {
        var places = new List<string[]>();
        foreach (var endpoint in credential.Endpoints.Split(','))
        {
            var colon = endpoint.LastIndexOf(':');
            var (host, port) = (endpoint[..colon].Trim('[', ']'), endpoint[(colon + 1)..]);
            places.Add([host, port, credential.Database]);
            if (DefaultSocketFolders.Contains(host.TrimEnd('/')))
                places.Add(["localhost", port, credential.Database]);
        }

        return places;
    }

    private static List<Line> Lines(string text)
    {
        var lines = new List<Line>();
        foreach (var (start, length) in TargetText.Lines(text))
        {
            if (length == 0 || text[start] == '#' || Split(text.Substring(start, length)) is not { Count: >= 5 } fields)
                continue;
            var next = start + length;
            while (next < text.Length && text[next] is '\r')
                next++;
            if (next < text.Length)
                next++;
            lines.Add(new(start, length, next, fields));
        }

        return lines;
    }

    /// <summary>The fields of a line; what comes after the fifth belongs to nobody.</summary>
    private static List<string> Split(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        for (var at = 0; at < line.Length; at++)
        {
            if (line[at] == ':')
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                if (line[at] == '\\' && at + 1 < line.Length)
                    at++;
                field.Append(line[at]);
            }
        }

        fields.Add(field.ToString());
        return fields;
    }

    private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal);

    private sealed record Line(int Start, int Length, int Next, List<string> Fields)
    {
        /// <summary>Whether libpq would take this line for the user there.</summary>
        public bool Fits(string[] place, string user) => Fields.Zip([.. place, user]).All(pair => pair.First == "*" || pair.First == pair.Second);

        public bool Is(string[] place, string user) => Fields.Zip([.. place, user]).All(pair => pair.First == pair.Second);
    }
}
