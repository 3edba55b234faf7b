using Nebula.Rotation.Engine.Databases.PostgreSql;
using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>Objects that only a superuser owns, and rights that need more than a GRANT.</summary>
public abstract class RareTests(SharedPostgres postgres)
{
    public sealed class OnDistribution(SharedPostgres postgres) : RareTests(postgres);

    public sealed class On18(SharedPostgres18 postgres) : RareTests(postgres);

    private const string Superusers =
        """
        ALTER ROLE {0} SUPERUSER;
        CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
        CREATE EVENT TRIGGER "Trg 1" ON ddl_command_end EXECUTE FUNCTION ev();
        ALTER EVENT TRIGGER "Trg 1" OWNER TO {0};
        CREATE FOREIGN DATA WRAPPER "Nowhere 1";
        ALTER FOREIGN DATA WRAPPER "Nowhere 1" OWNER TO {0};
        GRANT USAGE ON FOREIGN DATA WRAPPER "Nowhere 1" TO {1};
        CREATE PUBLICATION everything FOR ALL TABLES;
        ALTER PUBLICATION everything OWNER TO {0};
        ALTER LANGUAGE plpgsql OWNER TO {0};
        SET ROLE {0};
        CREATE EXTENSION pg_trgm;
        CREATE EXTENSION citext SCHEMA public;
        CREATE SCHEMA s;
        RESET ROLE;
        """;

    [Fact]
    public async Task What_only_a_superuser_owns_moves_to_the_next_one_in_whichever_database_it_is()
    {
        await using var room = await Room.OpenAsync(postgres);
        await using var other = await postgres.NewDatabaseAsync("other");
        var (old, @new, member) = (await room.NewLoginAsync("Old \"su\""), room.NewName("new"), await room.NewLoginAsync("member"));
        var (here, there) = ($"sub_{old[^8..]}_a", $"sub_{old[^8..]}_b");
        await room.ExecuteAsync(Superusers, old, member);
        await other.ExecuteAsync(Superusers.Replace("{0}", Room.Quote(old), StringComparison.Ordinal).Replace("{1}", Room.Quote(member), StringComparison.Ordinal));
        foreach (var (database, name) in new[] { (room.Database, here), (other.Name, there) })
        {
            await room.Server.ExecuteAsync($"CREATE SUBSCRIPTION {name} CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)", database, Room.Ct);
            await room.Server.ExecuteAsync($"ALTER SUBSCRIPTION {name} OWNER TO {Room.Quote(old)}", database, Room.Ct);
        }

        try
        {
            var before = await room.ReadAsync(old);
            Assert.Empty(before.Blockers);
            foreach (var type in new[] { "EVENT TRIGGER", "FOREIGN-DATA WRAPPER", "PUBLICATION", "SUBSCRIPTION", "LANGUAGE" })
                Assert.Equal(2, before.Facts.Count(fact => fact.Kind == FactKinds.Owner && fact.ObjectType == type));
            Assert.Equal(4, before.Facts.Count(fact => fact.Kind == FactKinds.Owner && fact.ObjectType == "EXTENSION"));
            var request = DumpRequest.Of(old, [room.Database, other.Name], member);
            var dump = await DumpOracle.ReadAsync(room.Server, request, Room.Ct);
            Assert.True(dump.CountOfLogin(DumpKind.Owner) >= 8, dump.ToString());

            await room.CloneAsync(old, @new);
            await room.RetireAsync(old, @new);

            Assert.Equal(before.Facts.ToHashSet(), (await room.ReadAsync(@new)).Facts.ToHashSet());
            var diff = DumpOracle.Diff(dump, await DumpOracle.ReadAsync(room.Server, DumpRequest.Of(@new, [room.Database, other.Name], member), Room.Ct));
            Assert.True(diff.IsEmpty, diff.ToString());
            Assert.Equal(0L, await room.ScalarAsync<long>($"SELECT count(*) FROM pg_extension WHERE extowner <> '{@new}'::regrole AND extname <> 'plpgsql'"));
        }
        finally
        {
            await room.ExecuteAsync($"DROP SUBSCRIPTION {here}");
            await other.ExecuteAsync($"DROP SUBSCRIPTION {there}");
        }
    }

    [Fact]
    public async Task A_tablespace_and_a_right_on_another_one_are_the_new_logins()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        string[] spaces = [$"Own {old[^8..]}", $"ts_{old[^8..]}"];
        foreach (var space in spaces)
        {
            // Made by the server itself, which runs as an account of its own.
            var folder = Path.GetFullPath(Path.Combine(room.Server.DataDirectory, space.Replace(' ', '_')));
            await room.ExecuteAsync($"COPY (SELECT 1) TO PROGRAM 'cat > /dev/null && mkdir -p {folder}'");
            await room.ExecuteAsync($"CREATE TABLESPACE {{0}} LOCATION '{folder}'", space);
        }

        try
        {
            await room.ExecuteAsync("ALTER TABLESPACE {0} OWNER TO {2}; GRANT CREATE ON TABLESPACE {1} TO {2}", spaces[0], spaces[1], old);
            var before = await room.ReadAsync(old);
            var dump = await DumpOracle.ReadAsync(room.Server, DumpRequest.Of(old, [room.Database]), Room.Ct);
            Assert.Equal((1, 1), (dump.CountOfLogin(DumpKind.Owner), dump.CountOfLogin(DumpKind.Grant)));
            await room.CloneAsync(old, @new);
            await room.RetireAsync(old, @new);
            Assert.Equal(before.Facts.ToHashSet(), (await room.ReadAsync(@new)).Facts.ToHashSet());
            var diff = DumpOracle.Diff(dump, await DumpOracle.ReadAsync(room.Server, DumpRequest.Of(@new, [room.Database]), Room.Ct));
            Assert.True(diff.IsEmpty, diff.ToString());
        }
        finally
        {
            foreach (var space in spaces)
                await room.ExecuteAsync("DROP TABLESPACE {0}", space);
        }
    }

    [Fact]
    public async Task A_policys_rows_are_seen_by_both_while_both_are_live_and_by_the_new_one_after()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new, other) = (await room.NewLoginAsync("old"), room.NewName("new"), await room.NewLoginAsync("Other \"one\""));
        await room.ExecuteAsync(
            "CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (2); ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT SELECT ON t TO {0}; CREATE POLICY \"P 1\" ON t TO {1}, {0} USING (a = 1)", old, other);
        await room.CloneAsync(old, @new, "pw");
        foreach (var (login, password) in new[] { (old, "secret"), (@new, "pw") })
            Assert.Equal(1L, await CountAsync(room, login, password));
        await room.RetireAsync(old, @new);
        Assert.Equal(1L, await CountAsync(room, @new, "pw"));
        Assert.Equal($"{{{string.Join(',', new[] { other, @new }.Order(StringComparer.Ordinal))}}}".Replace("\"", "", StringComparison.Ordinal), (await room.ScalarAsync<string>("SELECT ARRAY(SELECT unnest(roles) ORDER BY 1)::text FROM pg_policies WHERE tablename = 't'"))!.Replace("\"", "", StringComparison.Ordinal).Replace("\\", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_user_mappings_password_is_copied_and_shown_nowhere()
    {
        await using var room = await Room.OpenAsync(postgres);
        var (old, @new) = (await room.NewLoginAsync("old"), room.NewName("new"));
        const string secret = "hidden-Mapping-secret";
        await room.ExecuteAsync("CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere");
        // In two halves, so that this statement is not what the log has it from.
        await room.ExecuteAsync($"DO $do$ BEGIN EXECUTE format('CREATE USER MAPPING FOR %I SERVER far OPTIONS (\"user\" %L, password %L)', '{old}', 'u', '{secret[..9]}' || '{secret[9..]}'); END $do$");
        var plan = await room.CloneAsync(old, @new);
        var fact = Assert.Single((await room.ReadAsync(old)).Facts, fact => fact.Kind == FactKinds.UserMapping);
        Assert.StartsWith("password, \"user\" #", fact.Value, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, string.Join('\n', plan.CloneStatements), StringComparison.Ordinal);
        Assert.Equal($"{{password={secret},user=u}}", await room.ScalarAsync<string>($"SELECT ARRAY(SELECT unnest(umoptions) ORDER BY 1)::text FROM pg_user_mapping WHERE umuser = '{@new}'::regrole"));

        // Another password is another mapping; and the statement that fails inside does not come out with the error.
        await room.ExecuteAsync("ALTER USER MAPPING FOR {0} SERVER far OPTIONS (SET password 'x')", @new);
        Assert.Equal(fact, Assert.Single(room.Planner.Compare(await room.ReadAsync(old), await room.ReadAsync(@new), afterMove: false).Missing));
        await using var connection = new NpgsqlConnection(room.Server.ConnectionString(room.Database) + ";Include Error Detail=true");
        await connection.OpenAsync(Room.Ct);
#pragma warning disable CA2100
        await using var again = new NpgsqlCommand(plan.CloneStatements.Single(statement => statement.Rule == "UserMapping").Text, connection);
#pragma warning restore CA2100
        var error = await Assert.ThrowsAsync<PostgresException>(() => again.ExecuteNonQueryAsync(Room.Ct));
        Assert.Contains("already exists", error.MessageText, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, error.ToString() + error.Where, StringComparison.Ordinal);
        await room.CloneAsync(old, @new);
        await room.RetireAsync(old, @new);
        Assert.DoesNotContain(secret, await room.Server.ReadLogAsync(Room.Ct), StringComparison.Ordinal);
    }

    private static async Task<long> CountAsync(Room room, string login, string password)
    {
        await using var session = await room.ConnectAsync(login, password);
        await using var command = new NpgsqlCommand("SELECT count(*) FROM t", session);
        return (long)(await command.ExecuteScalarAsync(Room.Ct))!;
    }
}
