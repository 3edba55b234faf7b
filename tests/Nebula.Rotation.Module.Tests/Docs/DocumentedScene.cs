using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Nebula.Rotation.Module.Tests.Hosting;
using Nebula.Rotation.Module.Tests.Support;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Module.Tests.Docs;

/// <summary>
/// What the pages take for given: a server with the database "shop" and some logins, somebody who types passwords and says yes, files of theirs. Each page runs once, from its
/// first command to its last, in a session and with a store of its own.
/// </summary>
public sealed partial class DocumentedScene : IAsyncLifetime
{
    private const string Password = "old-Password.1", CertificatePassword = "pfx-Password.1";

    /// <summary>Pages that begin before the first credential is stored.</summary>
    private static readonly string[] WithoutCredential = ["README.md", "docs/about/about_Nebula_Rotation.md", "docs/commands/New-NebulaDbCredential.md"];

    /// <summary>What a command has in it that nothing here can give, and what it is.</summary>
    private static readonly (string Text, string Reason)[] Needs =
    [
        ("PgBouncer", "needs a PgBouncer: its tests of publishing run one"),
        ("bouncer1", "needs a PgBouncer: PgBouncerTests run one"),
        ("SecretVault", "needs SecretManagement"),
        ("Get-Secret ", "needs SecretManagement"),
        ("postgresql://", "needs a store on another server: SharedStoreTests run it"),
        ("$env:NEBULA_STORE", "needs a store on another server: SharedStoreTests run it"),
        ("$env:PG", "belongs to a store on another server"),
        ("Update-MyService", "calls a function of the reader's"),
        ("/usr/local/bin/", "calls a program of the reader's"),
        (@"C:\", "needs Windows"),
        ("…", "leaves a gap for the reader"),
    ];

    /// <summary>What happened between a page's commands, by a part of the command that follows.</summary>
    private static readonly (string Page, string Before, string Script)[] Meanwhile =
    [
        ("Undo-NebulaRotation.md", "-WhatIf", "Invoke-NebulaRotation orders -RetainFor 1h"),
        ("Resume-NebulaRotation.md", "-Name orders", "Invoke-NebulaRotation orders -NoWait"),
        ("Resume-NebulaRotation.md", "-All", "Invoke-NebulaRotation orders -NoWait"),
        ("Resume-NebulaRotation.md", "-State Draining", "Invoke-NebulaRotation orders -NoWait"),
        ("Resume-NebulaRotation.md", "-State Retained", "Invoke-NebulaRotation orders -RetainFor 1h"),
        ("Get-NebulaRotation.md", "-Last 1", "Invoke-NebulaRotation orders"),
        ("Get-NebulaAuditEvent.md", "-Last 1 |", "Invoke-NebulaRotation orders"),
        ("Get-NebulaPublishTarget.md", "-Name orders", "Add-NebulaPublishTarget orders -Kind EnvFile -Path ./.env"),
        ("Remove-NebulaPublishTarget.md", "-Kind EnvFile", "Add-NebulaPublishTarget orders -Kind EnvFile -Path ./.env; Add-NebulaPublishTarget orders -Kind JsonFile -Path ./app.json -Entry A"),
        ("Import-NebulaStoreKey.md", "./holder.pem", "Export-NebulaStoreKey ./store-key.pem ./holder.crt; [IO.File]::Copy(\"$folder/store.db.key\", \"$folder/store-key\")"),
        ("store-key.md", "Import-NebulaStoreKey", "[IO.File]::Delete(\"$folder/store.db.key\")"),
    ];

    private readonly ConcurrentDictionary<string, DocumentedOutcome> _outcomes = new();
    private readonly HashSet<string> _run = [];
    private readonly HashSet<string> _known = [];
    private readonly HashSet<string> _unknown = [];
    private readonly HashSet<string> _done = [];
    private PostgresServer? _server;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    /// <summary>How a command ended; its page is run now, if it was not before.</summary>
    internal async Task<DocumentedOutcome> OutcomeAsync(string name)
    {
        var page = name[..name.IndexOf(".md:", StringComparison.Ordinal)] + ".md";
        if (_run.Add(page))
        {
            var server = await StartAsync();
            await PrepareAsync(server);
            RunPage(server, page);
        }

        return _outcomes[name];
    }

    /// <summary>Runs statements as they stand, in the database.</summary>
    internal async Task RunSqlAsync(string text)
    {
        var server = await StartAsync();
        await PrepareAsync(server);
        foreach (var statement in EndOfStatement().Split(text).Where(statement => statement.Trim().Length > 0))
            await server.ExecuteAsync(statement, "shop", Ct);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<PostgresServer> StartAsync() => _server ??= await ServerRequirement.OrSkip(() => PostgresServer.StartAsync(ct: Ct), Assert.Skip);

    private static async Task PrepareAsync(PostgresServer server)
    {
        await server.ExecuteAsync("DROP DATABASE IF EXISTS shop WITH (FORCE)", ct: Ct);
        await server.ExecuteAsync("DROP DATABASE IF EXISTS nebula WITH (FORCE)", ct: Ct);
        await server.ExecuteAsync(
            $"""
            DO $$
            DECLARE name text;
            BEGIN
                FOR name IN SELECT rolname FROM pg_roles WHERE rolname <> {PostgresServer.Literal(server.SuperUser)} AND NOT rolname LIKE 'pg\_%' LOOP
                    EXECUTE format('DROP ROLE %I', name);
                END LOOP;
            END
            $$;
            CREATE ROLE orders_app LOGIN PASSWORD {PostgresServer.Literal(Password)};
            CREATE ROLE billing_app LOGIN PASSWORD {PostgresServer.Literal(Password)};
            CREATE ROLE reports_app LOGIN PASSWORD {PostgresServer.Literal(Password)};
            """,
            ct: Ct);
        await server.ExecuteAsync("CREATE DATABASE shop", ct: Ct);
        await server.ExecuteAsync(
            """
            CREATE SCHEMA sales AUTHORIZATION orders_app;
            CREATE TABLE sales.prices (n integer);
            GRANT SELECT ON sales.prices TO orders_app, reports_app;
            SET ROLE orders_app;
            CREATE TABLE sales.orders (n integer);
            """,
            "shop",
            Ct);
    }

    private void RunPage(PostgresServer server, string page)
    {
        var folder = Directory.CreateTempSubdirectory("nebula-page-");
        var variables = (string[])["NEBULA_STORE", "DATABASE_URL", "PSModulePath"];
        var before = variables.ToDictionary(name => name, Environment.GetEnvironmentVariable);
        RotationServices.Provider = null!;
        try
        {
            WriteFiles(folder.FullName);
            Environment.SetEnvironmentVariable("NEBULA_STORE", Path.Combine(folder.FullName, "store.db"));
            Environment.SetEnvironmentVariable("PSModulePath", Path.GetDirectoryName(Repository.StagedModule));
            using var session = new ModuleHost(new TestHost());
            session.Run(Reader, new Dictionary<string, object>
            {
                ["at"] = folder.FullName,
                ["port"] = server.Port,
                ["admin"] = Logins.Make(server.SuperUser, server.SuperPassword),
                ["password"] = Logins.Make("any", Password).Password,
                ["key"] = Logins.Make("any", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))).Password,
                ["certificatePassword"] = Logins.Make("any", CertificatePassword).Password,
            }).ThrowIfFailed();
            if (!WithoutCredential.Contains(page))
                session.Run("New-NebulaDbCredential orders -DatabaseType PostgreSql -HostName localhost -Database shop -Credential (Get-Credential orders_app) -AdminCredential (Get-Credential postgres)").ThrowIfFailed();
            foreach (var command in Pages.Commands(Path.Combine(Repository.Root, page)))
                _outcomes[command.Name] = Run(session, command);
        }
        finally
        {
            foreach (var (name, value) in before)
                Environment.SetEnvironmentVariable(name, value);
            // Puts the provider back that no test reaches the engine with.
            new Scene().Dispose();
            folder.Delete(recursive: true);
        }
    }

    private DocumentedOutcome Run(ModuleHost session, DocumentedCommand command)
    {
        if (Needs.FirstOrDefault(need => command.Text.Contains(need.Text, StringComparison.Ordinal)).Reason is { } reason)
            return new() { NotRun = reason };
        var missing = command.Calls.Select(call => call.GetCommandName()).OfType<string>().Distinct().Where(name => !IsKnown(session, name)).ToList();
        if (missing.Count > 0)
            return new() { NotRun = $"needs {string.Join(", ", missing)}" };
        foreach (var (page, before, script) in Meanwhile)
        {
            if (command.Page.EndsWith($"/{page}", StringComparison.Ordinal) && command.Text.Contains(before, StringComparison.Ordinal) && _done.Add(page + before) && session.Run(script) is { Errors: [var problem, ..] })
                return new() { Problem = $"before it: {problem}" };
        }

        // A folder of the reader's; a host of theirs. Nothing else is changed.
        var result = session.Run(command.Text.Replace("/srv/orders/", "./", StringComparison.Ordinal).Replace("-HostName db1", "-HostName localhost", StringComparison.Ordinal));
        return new()
        {
            Problem = result.Terminating is { } end ? end.ToString() : result.Errors.Count > 0 ? string.Join('\n', result.Errors.Select(error => $"{error.FullyQualifiedErrorId}: {error}")) : null,
        };
    }

    private bool IsKnown(ModuleHost session, string name)
    {
        // Asked once: looking for a command that is nowhere takes long.
        if (!_known.Contains(name) && !_unknown.Contains(name))
            (session.Run($"Get-Command {name} -ErrorAction Ignore").Output.Count > 0 ? _known : _unknown).Add(name);
        return _known.Contains(name);
    }

    private static void WriteFiles(string folder)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Escrow holder", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Write("holder.crt", certificate.ExportCertificatePem());
        Write("ca.pem", certificate.ExportCertificatePem());
        Write("holder.pem", certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        File.WriteAllBytes(Path.Combine(folder, "holder.pfx"), certificate.Export(X509ContentType.Pkcs12, CertificatePassword));
        Write("publish.ps1", "param([string] $Action, $Publication) [IO.File]::WriteAllText(\"$PSScriptRoot/published\", $Publication.Login.Username)");
        Write("orders-db.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: orders-db\ndata: {}\n");
        void Write(string name, string text)
        {
            var path = Path.Combine(folder, name);
            File.WriteAllText(path, text);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    /// <summary>Somebody at the keyboard, in the folder; says yes. The server has a port of its own, and nobody waits a minute for a quiet one.</summary>
    private const string Reader = """
        param($at, $port, $admin, $password, $key, $certificatePassword)
        $global:folder = $at; $global:adminLogin = $admin; $global:loginPassword = $password; $global:newKey = $key; $global:pfxPassword = $certificatePassword
        $ExecutionContext.SessionState.Path.SetLocation($at)
        $global:ConfirmPreference = 'None'
        $global:PSDefaultParameterValues = @{ 'New-NebulaDbCredential:Port' = $port; '*-NebulaRotation:GracePeriod' = 0 }
        function global:Get-Credential($UserName) {
            if ($UserName -eq 'postgres') { return $adminLogin }
            [pscredential]::new($UserName, $loginPassword)
        }
        function global:Read-Host([switch] $AsSecureString, $Prompt) { if ($Prompt -eq 'New key') { $newKey } else { $pfxPassword } }
        """;

    [GeneratedRegex(@"(?<=;)[ \t]*(?:--.*)?$", RegexOptions.Multiline)]
    private static partial Regex EndOfStatement();
}
