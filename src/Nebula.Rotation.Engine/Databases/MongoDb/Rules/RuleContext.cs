using MongoDB.Bson;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Databases.MongoDb.Rules;

/// <summary>Whom the statements are about, and where they go.</summary>
/// <param name="Login">The user to change.</param>
internal sealed record RuleContext(LoginSnapshot Login)
{
    private readonly List<PlannedStatement> _statements = [];

    /// <summary>Fields of the one updateUser that the others share.</summary>
    public BsonDocument Fields { get; } = [];

    /// <summary>True when that updateUser sets the password as well.</summary>
    public bool SetsPassword { get; set; }

    /// <summary>Everything, the shared updateUser last: it is what lets somebody in.</summary>
    public IReadOnlyList<PlannedStatement> Statements =>
    [
        .. _statements,
        .. Fields.ElementCount > 0 || SetsPassword
            ? [MongoDbDialect.Command(RotationStage.CreateLogin, "Update", AuthSource, "updateUser", Login.Username, SetsPassword, Fields)]
            : (PlannedStatement[])[],
    ];

    public bool Has(MongoDbFeatures feature) => ((MongoDbFeatures)Login.Server.Features & feature) != 0;

    public void Add(string rule, string command, BsonDocument fields) =>
        _statements.Add(MongoDbDialect.Command(RotationStage.ClonePermissions, rule, AuthSource, command, Login.Username, hasSlot: false, fields));

    private string AuthSource => Login.Hints[HintNames.AuthSource];
}
