namespace Nebula.Rotation.Engine.Databases.MySql;

/// <summary>MySQL 8 and later and MariaDB 10.6 and later: how to reach them, and how to prove a login.</summary>
internal sealed class MySqlEngine : IDatabaseEngine
{
    public DatabaseType DatabaseType => DatabaseType.MySql;

    public IReadOnlyCollection<RotationStrategy> Strategies { get; } = [RotationStrategy.DualUser, RotationStrategy.AlternatingUsers, RotationStrategy.DualPassword];

    public ILoginPlanner Planner { get; } = new MySqlPlanner();

    public IDualPasswordPlanner? DualPasswordPlanner { get; } = new MySqlDualPasswordPlanner();

    public UsernameRules UsernameRules => MySqlDialect.UsernameRules;

    public void Validate(DatabaseCredential credential)
    {
        if (credential.HostName.Count == 0 || credential.HostName.Any(string.IsNullOrWhiteSpace))
            throw Invalid("The credential names no host.", "Give a host name, an address, or the path of a Unix socket.");
        if (credential.HostName.FirstOrDefault(host => host.Contains(',', StringComparison.Ordinal)) is { } list)
            throw Invalid($"'{list}' is not one host.", "Give several hosts as an array.");
        if (credential.Port is < 1 or > 65535)
            throw Invalid($"{credential.Port} is not a TCP port.", "Give a port from 1 to 65535; MySQL's own is 3306.");
        var endpoints = credential.HostName.Select(host => MySqlEndpoint.Parse(host, credential.Port)).ToList();
        if (endpoints.GroupBy(endpoint => endpoint).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Invalid($"{twice.Key} is named twice.", "Name each endpoint once.");
        if (credential.Database.Length is 0 or > MySqlDialect.MaxName || credential.Database.Any(character => character == '\0' || char.IsSurrogate(character)))
            throw Invalid($"'{credential.Database}' is not a name of a database.", $"Give a name of 1 to {MySqlDialect.MaxName} characters.");
        if (credential.CACertificate is { } authority && !File.Exists(authority))
            throw Invalid($"There is no CA certificate at {authority}.", "Give the path of a PEM file.");
        MySqlDialect.ValidateUsername(credential.Username);
        MySqlOptions.Validate(credential);
    }

    public Secret FormatConnectionString(DatabaseCredential credential, Login login, ConnectionStringFormat format) =>
        MySqlConnectionStrings.Format(credential, login, format);

    public async Task<IAdminConnection> ConnectAdminAsync(DatabaseCredential credential, Login admin, IdleSessions? idle, CancellationToken cancellationToken)
    {
        var opener = new MySqlOpener(credential, admin);
        var (host, session) = await MySqlAdminSessions.OpenWritableAsync(opener, credential, idle, cancellationToken);
        return new MySqlAdminConnection(credential, opener, host, session, idle);
    }

    public async Task<IReadOnlyList<CredentialTestResult>> CheckLoginAsync(
        DatabaseCredential credential, Login login, string? verifyQuery, CancellationToken cancellationToken)
    {
        var opener = new MySqlOpener(credential, login);
        return await Task.WhenAll(credential.HostName.Select(host => MySqlLoginCheck.RunAsync(credential, opener, host, verifyQuery, cancellationToken)));
    }

    private static RotationException Invalid(string message, string action) => new(RotationErrorCode.InvalidArgument, message, action);
}
