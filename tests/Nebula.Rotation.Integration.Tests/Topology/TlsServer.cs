using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Integration.Tests.Topology;

/// <summary>A server that lets nobody in over the network without TLS, with a certificate that a test can change, and the authorities to trust or not.</summary>
public sealed class TlsServer : IAsyncLifetime
{
    private readonly Lazy<Task<PostgresServer>> _server;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nebula-tls-");

    public TlsServer() => _server = new(StartAsync);

    internal TestAuthority Authority { get; } = new("the test's authority");

    /// <summary>The PEM file of the authority that signed the server's certificate.</summary>
    public string AuthorityPath => Path.Combine(_folder.FullName, "authority.pem");

    /// <summary>The PEM file of another authority.</summary>
    public string ForeignPath => Path.Combine(_folder.FullName, "foreign.pem");

    public Task<PostgresServer> ServerAsync() => ServerRequirement.OrSkip(() => _server.Value, Assert.Skip);

    /// <summary>From now on the server shows a certificate for these names.</summary>
    internal async Task ShowAsync(PostgresServer server, params string[] names)
    {
        var (certificate, key) = Authority.Issue(names);
        // Written into the files that are there: they stay the server's, with their rights.
        await File.WriteAllTextAsync(Path.Combine(server.DataDirectory, "server.crt"), certificate);
        await File.WriteAllTextAsync(Path.Combine(server.DataDirectory, "server.key"), key);
        await ReloadAsync(server);
    }

    public async ValueTask InitializeAsync()
    {
        using var foreign = new TestAuthority("another authority");
        await File.WriteAllTextAsync(AuthorityPath, Authority.Pem);
        await File.WriteAllTextAsync(ForeignPath, foreign.Pem);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _server.Value).DisposeAsync();
        Authority.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<PostgresServer> StartAsync()
    {
        var server = await PostgresServer.StartAsync(new()
        {
            // The tests' own superuser comes without; everybody else over TLS only.
            HostBasedAuthentication = ["hostssl all all 127.0.0.1/32 scram-sha-256", "host all postgres 127.0.0.1/32 scram-sha-256", "host all all 127.0.0.1/32 reject"],
        });
        try
        {
            // Made by the server, so that they are its own and nobody else reads the key.
            foreach (var file in new[] { "server.crt", "server.key" })
                await server.ExecuteAsync($"COPY (SELECT '') TO PROGRAM 'umask 077; cat > {file}'");
            var (certificate, key) = Authority.Issue("localhost", "127.0.0.1");
            await File.WriteAllTextAsync(Path.Combine(server.DataDirectory, "server.crt"), certificate);
            await File.WriteAllTextAsync(Path.Combine(server.DataDirectory, "server.key"), key);
            await server.ExecuteAsync("ALTER SYSTEM SET ssl = on");
            await ReloadAsync(server);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The postmaster reads its files anew in its own time: until a connection shows it.</summary>
    private static async Task ReloadAsync(PostgresServer server)
    {
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        for (var tries = 0; ; tries++)
        {
            await using var connection = await server.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "SELECT pg_conf_load_time() > (pg_stat_file('server.crt')).modification AND current_setting('ssl')::boolean";
            if (await command.ExecuteScalarAsync() is true)
                return;
            if (tries > 4000)
                throw new TimeoutException("The server does not take its certificate.");
            await Task.Delay(50);
        }
    }
}
