using Nebula.Rotation.Engine.Publishing.Files;

namespace Nebula.Rotation.Engine.Publishing.Formats;

/// <summary>
/// PgBouncer's auth_file (its manual, "Authentication file format"): a name and a secret a line, both in double quotes, a quote inside doubled. The secret is
/// what the server keeps, letter by letter: only with the same SCRAM verifier can PgBouncer log in at the server with what a client proved to it.
/// </summary>
internal sealed class UserListFormat : IFileFormat
{
    public IReadOnlyList<(string Name, PublishFormat Format)> DefaultEntries { get; } = [];

    public void Validate(PublishTarget target, DatabaseCredential credential)
    {
        if (credential.DatabaseType != DatabaseType.PostgreSql)
            throw TargetFailure.Invalid(target, "PgBouncer is for PostgreSQL only.");
        if (target.Entries.Count > 0)
            throw TargetFailure.Invalid(target, "its lines have one form; it takes no -Entry.");
    }

    public string Write(string text, FileLogin login)
    {
        var secret = login.Verifier ?? throw TargetFailure.Because("What the server keeps of the password is not known.");
        if ((login.Login.Username + secret).IndexOfAny(['\r', '\n', '\0']) >= 0)
            throw TargetFailure.Because("The user name or the password has a line end in it, which the list cannot hold.", "Give the credential another password.");
        var wanted = $"{Quote(login.Login.Username)} {Quote(secret)}";
        var lines = Lines(text);
        var own = lines.FindAll(line => line.User == login.Login.Username);
        foreach (var line in Enumerable.Reverse(own).Where(line => line.Secret != secret))
            text = text.Remove(line.Start, line.End - line.Start).Insert(line.Start, wanted);
        if (own.Count > 0)
            return text;
        return lines.FindLast(line => line.User == login.PreviousUsername) is { } before
            ? text.Insert(before.Start, wanted + TargetText.LineEnd(text))
            : TargetText.Append(text, wanted);
    }

    public string Remove(string text, FileLogin login)
    {
        foreach (var line in Enumerable.Reverse(Lines(text)).Where(line => line.User == login.Login.Username))
            text = text.Remove(line.Start, line.Next - line.Start);
        return text;
    }

    /// <summary>The users and their secrets.</summary>
    public static IReadOnlyList<(string User, string Secret)> Read(string text) => [.. Lines(text).Select(line => (line.User, line.Secret))];

    private static List<Line> Lines(string text)
    {
        var lines = new List<Line>();
        foreach (var (start, length) in TargetText.Lines(text))
        {
            var at = start;
            var stop = start + length;
            if (Field(text, ref at, stop) is not { } user || Field(text, ref at, stop) is not { } secret)
                continue;
            var next = text.IndexOf('\n', stop) is >= 0 and var end ? end + 1 : text.Length;
            lines.Add(new(start, at, next, user, secret));
        }

        return lines;
    }

    private static string? Field(string text, ref int at, int stop)
    {
        while (at < stop && text[at] is ' ' or '\t')
            at++;
        if (at >= stop || text[at] != '"')
            return null;
        var field = new System.Text.StringBuilder();
        for (at++; at < stop; at++)
        {
            if (text[at] == '"')
            {
                if (at + 1 >= stop || text[at + 1] != '"')
                {
                    at++;
                    return field.ToString();
                }

                at++;
            }

            field.Append(text[at]);
        }

        return null;
    }

    private static string Quote(string value) => $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private sealed record Line(int Start, int End, int Next, string User, string Secret);
}
