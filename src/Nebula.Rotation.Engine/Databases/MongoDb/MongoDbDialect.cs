using System.Buffers;
using System.Text;
using MongoDB.Bson;
using MongoDB.Bson.IO;
using Nebula.Rotation.Engine.Passwords;

namespace Nebula.Rotation.Engine.Databases.MongoDb;

/// <summary>
/// Commands as text and back. A planned command is extended JSON, which a plan shows and mongosh takes; what is sent is the document that the text
/// parses to, with the password put in as a value.
/// </summary>
internal static class MongoDbDialect
{
    /// <summary>The field that holds a password: a slot, or <see cref="RandomPassword"/>.</summary>
    public const string PasswordField = "pwd";

    /// <summary>How long a change may wait for a majority of the members, in milliseconds.</summary>
    private const int MajorityTimeout = 30_000;

    private const string RandomField = "random";

    private static readonly SearchValues<char> NotInDatabase = SearchValues.Create("/\\. \"$\0");

    private static readonly JsonWriterSettings Canonical = new() { OutputMode = JsonOutputMode.CanonicalExtendedJson };

    private static readonly JsonWriterSettings Readable = new() { OutputMode = JsonOutputMode.RelaxedExtendedJson };

    /// <summary>The server has no limit of its own for a name that fits in a document; nobody needs more than this.</summary>
    public static UsernameRules UsernameRules { get; } = new(512, Encoding.UTF8.GetByteCount, "bytes", []);

    /// <summary>Stands for a password that nobody has, drawn when the command is sent. No server takes a document for a password.</summary>
    public static BsonDocument RandomPassword { get; } = new(RandomField, true);

    /// <summary>A value as canonical extended JSON: its BSON types survive.</summary>
    public static string ToText(BsonValue value) => new BsonDocument("v", value).ToJson(Canonical);

    /// <summary>What <see cref="ToText"/> wrote.</summary>
    public static BsonValue FromText(string text) => BsonDocument.Parse(text)["v"];

    /// <summary>Whether a value comes back from its text: a field that looks like extended JSON itself ("$oid") does not.</summary>
    public static bool Survives(BsonValue value)
    {
        try
        {
            return FromText(ToText(value)).Equals(value);
        }
        catch (Exception e) when (e is FormatException or BsonException or ArgumentException or OverflowException)
        {
            return false;
        }
    }

    /// <summary>A command about a user. With <paramref name="hasSlot"/> the password follows the user's name.</summary>
    public static PlannedStatement Command(RotationStage stage, string rule, string authSource, string name, string username, bool hasSlot, BsonDocument fields)
    {
        var rest = new StringBuilder();
        foreach (var field in fields)
            rest.Append(", ").Append(Element(field.Name, field.Value));
        rest.Append(", \"writeConcern\" : { \"w\" : \"majority\", \"wtimeout\" : ").Append(MajorityTimeout).Append(" } }");
        var start = $"{{ {Element(name, username)}";
        return new()
        {
            Stage = stage,
            Database = authSource,
            Rule = rule,
            Text = hasSlot ? $"{start}, \"{PasswordField}\" : " : start + rest,
            TextAfterPassword = hasSlot ? rest.ToString() : null,
        };
    }

    /// <summary>The document to send.</summary>
    public static BsonDocument ToDocument(PlannedStatement statement, Login? password)
    {
        var command = BsonDocument.Parse(statement.CarriesPassword ? $"{statement.Text}null{statement.TextAfterPassword}" : statement.Text);
        if (statement.CarriesPassword)
            command[PasswordField] = (password ?? throw new InvalidOperationException("The statement sets a password and none was given.")).Password.Reveal();
        else if (command.TryGetValue(PasswordField, out var drawn) && drawn == RandomPassword)
            command[PasswordField] = PasswordGenerator.Generate(PasswordPolicy.Default).Reveal();
        return command;
    }

    private static string Element(string name, BsonValue value) => new BsonDocument(name, value).ToJson(name == "customData" ? Canonical : Readable)[2..^2];

    /// <summary>Refuses what the server takes for no database (manual, "Naming Restrictions").</summary>
    public static void ValidateDatabase(string name, string what)
    {
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > 63 || name.AsSpan().ContainsAny(NotInDatabase))
            throw new RotationException(RotationErrorCode.InvalidArgument, $"'{name}' is not a name of a MongoDB database ({what}).", "Give a name of 1 to 63 bytes without / \\ . \" $ and spaces.");
    }
}
