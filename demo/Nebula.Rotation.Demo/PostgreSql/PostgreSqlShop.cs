using System.Data.Common;
using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Demo.PostgreSql;

/// <summary>The shop on PostgreSQL: what the login owns, what others let it use, and what else hangs on its name.</summary>
internal sealed class PostgreSqlShop(PostgresServer server) : IShop
{
    public const string Warehouse = "warehouse";
    public const string Readers = "shop_readers";
    public const string Reporting = "reporting";

    private const string Name = "shop";
    private const string User = "shop_app";

    /// <summary>Roles that are there before and after every rotation.</summary>
    public static IReadOnlyList<string> OtherRoles { get; } = [Warehouse, Readers, Reporting];

    public string Server => $"PostgreSQL {server.Version}";

    public string Host => server.Host;

    public int Port => server.Port;

    public string Database => Name;

    public Login Login { get; } = new(User, new(ShopPassword.Text));

    public Login Admin { get; } = new(server.SuperUser, new(server.SuperPassword));

    public ShopSql Sql { get; } = new()
    {
        // Table names without a schema: the search path has to find them, under every login.
        PriceOf = "SELECT price_of($1)",
        PlaceOrder = "INSERT INTO orders (customer, product, amount) VALUES (1 + nextval('tickets') % 3, $1, $2) RETURNING id",
        TakeFromStock = "UPDATE products SET stock = stock - 1 WHERE id = $1",
        AmountOf = "SELECT amount FROM orders WHERE id = $1",
        Pay = "UPDATE orders SET state = 'paid' WHERE id = $1",
        IsPaid = "SELECT is_paid($1)",
        Settings = [("SHOW statement_timeout", "20s")],
        CountCustomers = "SELECT count(*) FROM customers",
        PlaceLateOrder = "INSERT INTO orders (customer, product, amount) VALUES ($1, 20, 25) RETURNING id",
        CountOrders = "SELECT count(*) FROM orders WHERE id = $1",
        // A table belongs to its maker, and only its owner changes or removes it.
        Make = table => [$"CREATE TABLE {table} (id bigserial PRIMARY KEY, made_by text NOT NULL)"],
        Write = table => $"INSERT INTO {table} (made_by) VALUES ($1) RETURNING id",
        Read = table => $"SELECT made_by FROM {table} WHERE id = $1",
        Touch = table => $"UPDATE {table} SET made_by = made_by WHERE id = $1",
        Change = (table, column) => [$"ALTER TABLE {table} ADD COLUMN {column} text"],
        Remove = table => [$"DROP TABLE {table}"],
    };

    // The server's log would hold the password that the database is set up with.
    public static async Task<IShop> StartAsync() => new PostgreSqlShop(await PostgresServer.StartAsync(new PostgresServerOptions { LogStatements = false }));

    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        await server.ExecuteAsync(Roles, ct: cancellationToken);
        await server.ExecuteAsync($"CREATE DATABASE {Name}", ct: cancellationToken);
        await server.ExecuteAsync(WhatOthersOwn, Name, cancellationToken);
        await server.ExecuteAsync(WhatHangsOnTheLogin, Name, cancellationToken);

        // What the login owns, it makes itself, as an application's migrations do.
        await using var connection = await server.OpenAsync(Name, User, ShopPassword.Text, cancellationToken);
        await using var migration = new NpgsqlCommand(WhatTheLoginOwns, connection);
        await migration.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<ISurroundings> RememberAsync(CancellationToken cancellationToken) =>
        await PostgreSqlSurroundings.RememberAsync(server, User, cancellationToken);

    public DbDataSource Connect(DatabaseCredential credential, Login login, string applicationName, int size) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
    {
        Host = string.Join(',', credential.HostName),
        Port = credential.Port,
        Database = credential.Database,
        Username = login.Username,
        Password = login.Password.Reveal(),
        SslMode = Enum.Parse<Npgsql.SslMode>(credential.SslMode.ToString()),
        Timeout = (int)credential.ConnectionTimeout.TotalSeconds,
        MaxPoolSize = size,
        ApplicationName = applicationName,
    });

    public void ClearIdle(DbDataSource pool) => ((NpgsqlDataSource)pool).Clear();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private static readonly string Roles = $"""
        CREATE ROLE {Warehouse} NOLOGIN;
        CREATE ROLE {Readers} NOLOGIN;
        CREATE ROLE {Reporting} NOLOGIN;
        CREATE ROLE {User} LOGIN CONNECTION LIMIT 40 PASSWORD {PostgresServer.Literal(ShopPassword.Text)};
        COMMENT ON ROLE {User} IS 'the shop''s application';
        """;

    private const string WhatOthersOwn = $"""
        CREATE TABLE public.products (id int PRIMARY KEY, price numeric NOT NULL, stock int NOT NULL);
        INSERT INTO public.products SELECT n, n * 1.25, 1000000 FROM generate_series(1, 20) AS n;
        CREATE SEQUENCE public.tickets;
        CREATE FUNCTION public.price_of(product int) RETURNS numeric LANGUAGE sql STABLE
            AS 'SELECT price FROM public.products WHERE id = product';
        ALTER TABLE public.products OWNER TO {Warehouse};
        ALTER SEQUENCE public.tickets OWNER TO {Warehouse};
        ALTER FUNCTION public.price_of OWNER TO {Warehouse};
        REVOKE EXECUTE ON FUNCTION public.price_of FROM PUBLIC;
        """;

    private const string WhatHangsOnTheLogin = $"""
        GRANT SELECT, UPDATE (stock) ON public.products TO {User};
        GRANT USAGE ON SEQUENCE public.tickets TO {User};
        GRANT EXECUTE ON FUNCTION public.price_of TO {User};
        GRANT TEMPORARY ON DATABASE {Name} TO {User} WITH GRANT OPTION;
        GRANT {Readers} TO {User} WITH ADMIN OPTION;
        GRANT {User} TO {Reporting};
        ALTER ROLE {User} SET statement_timeout = '20s';
        ALTER ROLE {User} IN DATABASE {Name} SET work_mem = '8MB';
        ALTER DEFAULT PRIVILEGES FOR ROLE {Warehouse} IN SCHEMA public GRANT SELECT ON TABLES TO {User};
        ALTER DEFAULT PRIVILEGES FOR ROLE {User} GRANT SELECT ON TABLES TO {Readers};
        -- Called like the login, so that the default search path ("$user", public) finds what is in it.
        CREATE SCHEMA {User} AUTHORIZATION {User};
        """;

    private const string WhatTheLoginOwns = """
        CREATE TYPE order_state AS ENUM ('placed', 'paid');
        CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL);
        INSERT INTO customers (name) VALUES ('Ada'), ('Grace'), ('Edsger');
        CREATE TABLE orders (
            id       bigserial PRIMARY KEY,
            customer bigint NOT NULL REFERENCES customers,
            product  int NOT NULL,
            amount   numeric NOT NULL,
            state    order_state NOT NULL DEFAULT 'placed'
        );
        CREATE VIEW paid_orders AS SELECT id, amount FROM orders WHERE state = 'paid';
        CREATE FUNCTION is_paid(wanted bigint) RETURNS boolean LANGUAGE sql STABLE
            AS 'SELECT EXISTS (SELECT FROM paid_orders WHERE id = wanted)';
        GRANT SELECT ON paid_orders TO reporting;
        """;
}
