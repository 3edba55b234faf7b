using Nebula.Rotation.TestServers;
using Npgsql;

namespace Nebula.Rotation.Demo;

/// <summary>
/// The database that the application finds: what its login owns, what others let it use, and what else hangs on its name. All of that has to be
/// there after a rotation, under another name.
/// </summary>
internal sealed class ShopDatabase(PostgresServer server)
{
    public const string Name = "shop";
    public const string Login = "shop_app";
    public const string Warehouse = "warehouse";
    public const string Readers = "shop_readers";
    public const string Reporting = "reporting";

    /// <summary>All that makes quoting hard: both quotes, blanks, a backslash, what URIs and connection strings give a meaning to, a letter beyond ASCII.</summary>
    public const string Password = """it's "hard" \ to;quote= %@:/?#&é""";

    /// <summary>Roles that are there before and after every rotation.</summary>
    public static IReadOnlyList<string> OtherRoles { get; } = [Warehouse, Readers, Reporting];

    public PostgresServer Server => server;

    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        await server.ExecuteAsync(Roles, ct: cancellationToken);
        await server.ExecuteAsync($"CREATE DATABASE {Name}", ct: cancellationToken);
        await server.ExecuteAsync(WhatOthersOwn, Name, cancellationToken);
        await server.ExecuteAsync(WhatHangsOnTheLogin, Name, cancellationToken);

        // What the login owns, it makes itself, as an application's migrations do.
        await using var connection = await server.OpenAsync(Name, Login, Password, cancellationToken);
        await using var migration = new NpgsqlCommand(WhatTheLoginOwns, connection);
        await migration.ExecuteNonQueryAsync(cancellationToken);
    }

    private static readonly string Roles = $"""
        CREATE ROLE {Warehouse} NOLOGIN;
        CREATE ROLE {Readers} NOLOGIN;
        CREATE ROLE {Reporting} NOLOGIN;
        CREATE ROLE {Login} LOGIN CONNECTION LIMIT 40 PASSWORD {PostgresServer.Literal(Password)};
        COMMENT ON ROLE {Login} IS 'the shop''s application';
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
        GRANT SELECT, UPDATE (stock) ON public.products TO {Login};
        GRANT USAGE ON SEQUENCE public.tickets TO {Login};
        GRANT EXECUTE ON FUNCTION public.price_of TO {Login};
        GRANT TEMPORARY ON DATABASE {Name} TO {Login} WITH GRANT OPTION;
        GRANT {Readers} TO {Login} WITH ADMIN OPTION;
        GRANT {Login} TO {Reporting};
        ALTER ROLE {Login} SET statement_timeout = '20s';
        ALTER ROLE {Login} IN DATABASE {Name} SET work_mem = '8MB';
        ALTER DEFAULT PRIVILEGES FOR ROLE {Warehouse} IN SCHEMA public GRANT SELECT ON TABLES TO {Login};
        ALTER DEFAULT PRIVILEGES FOR ROLE {Login} GRANT SELECT ON TABLES TO {Readers};
        -- Called like the login, so that the default search path ("$user", public) finds what is in it.
        CREATE SCHEMA {Login} AUTHORIZATION {Login};
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
