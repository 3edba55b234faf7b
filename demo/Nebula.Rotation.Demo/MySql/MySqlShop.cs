using System.Data.Common;
using System.Security.Cryptography;
using MySqlConnector;
using Nebula.Rotation.TestServers;

namespace Nebula.Rotation.Demo.MySql;

/// <summary>
/// The shop on MySQL or MariaDB: two accounts of one name, rights of every level, a role that is default, and views, routines, a trigger and an event
/// that work in the login's name, which is where a change of login goes wrong there.
/// </summary>
internal sealed class MySqlShop(MySqlServer server) : IShop
{
    public const string Warehouse = "warehouse";
    public const string Readers = "shop_readers";
    public const string Reporting = "reporting";

    private const string Name = "shop";
    private const string User = "shop_app";

    /// <summary>Accounts and roles that are there before and after every rotation.</summary>
    public static IReadOnlyList<string> OtherAccounts { get; } = [Warehouse, Readers, Reporting];

    public string Server => $"{(server.Release is MySqlRelease.MariaDb ? "MariaDB" : "MySQL")} {server.Version}";

    public string Host => server.Host;

    public int Port => server.Port;

    public string Database => Name;

    public Login Login { get; } = new(User, new(ShopPassword.Text));

    public Login Admin { get; } = new(server.SuperUser, new(server.SuperPassword));

    public ShopSql Sql { get; } = new()
    {
        PriceOf = "SELECT warehouse.price_of(?)",
        PlaceOrder = "INSERT INTO orders (product, amount, customer) VALUES (?, ?, 1 + CONNECTION_ID() % 3); SELECT LAST_INSERT_ID()",
        TakeFromStock = "UPDATE warehouse.products SET stock = stock - 1 WHERE id = ?",
        AmountOf = "SELECT amount FROM orders WHERE id = ?",
        // A procedure of the login's, and with it a trigger.
        Pay = "CALL pay(?)",
        // A function of the login's over a view of the login's.
        IsPaid = "SELECT is_paid(?)",
        // What only its default role may read; and an account's limit, which MariaDB does not tell a session that comes from a pool.
        Settings =
        [
            ("SELECT name FROM warehouse.suppliers", "the only one"),
            .. server.Release is MySqlRelease.MySql ? [("SELECT CAST(@@max_user_connections AS CHAR)", "60")] : Array.Empty<(string, string)>(),
        ],
        CountCustomers = "SELECT count(*) FROM customers",
        PlaceLateOrder = "INSERT INTO orders (customer, product, amount) VALUES (?, 20, 25); SELECT LAST_INSERT_ID()",
        CountOrders = "SELECT count(*) FROM orders WHERE id = ?",
        // A table has no owner; a view works with its maker's rights, and only while its maker is there.
        Make = table =>
        [
            $"CREATE TABLE {table} (id bigint AUTO_INCREMENT PRIMARY KEY, made_by varchar(100) NOT NULL)",
            $"CREATE VIEW {table}_seen AS SELECT id, made_by FROM {table}",
        ],
        Write = table => $"INSERT INTO {table}_seen (made_by) VALUES (?); SELECT LAST_INSERT_ID()",
        Read = table => $"SELECT made_by FROM {table}_seen WHERE id = ?",
        Touch = table => $"UPDATE {table}_seen SET made_by = made_by WHERE id = ?",
        // Only its definer alters a view.
        Change = (table, column) => [$"ALTER TABLE {table} ADD COLUMN {column} text", $"ALTER VIEW {table}_seen AS SELECT id, made_by, {column} FROM {table}"],
        Remove = table => [$"DROP VIEW {table}_seen", $"DROP TABLE {table}"],
    };

    public static async Task<IShop> StartAsync(MySqlRelease release) =>
        new MySqlShop(await MySqlServer.StartAsync(new MySqlServerOptions { Release = release, LogStatements = false }));

    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        await server.ExecuteAsync(WhatOthersHave, ct: cancellationToken);
        await server.ExecuteAsync(WhatTheLoginMay(server.Release), ct: cancellationToken);

        // What is the login's, it makes itself, as an application's migrations do.
        await using var connection = await server.OpenAsync(Name, User, ShopPassword.Text, cancellationToken);
        await using var migration = new MySqlCommand(WhatTheLoginMakes, connection);
        await migration.ExecuteNonQueryAsync(cancellationToken);
        await server.ExecuteAsync($"GRANT SELECT ON {Name}.paid_orders TO {Reporting}@'%'", ct: cancellationToken);
    }

    public async Task<ISurroundings> RememberAsync(CancellationToken cancellationToken) =>
        await MySqlSurroundings.RememberAsync(server, User, cancellationToken);

    public DbDataSource Connect(DatabaseCredential credential, Login login, string applicationName, int size) => new MySqlDataSource(new MySqlConnectionStringBuilder
    {
        Server = string.Join(',', credential.HostName),
        Port = (uint)credential.Port,
        Database = credential.Database,
        UserID = login.Username,
        Password = login.Password.Reveal(),
        SslMode = MySqlSslMode.Preferred,
        // For a password without TLS: on this machine there is nobody between.
        AllowPublicKeyRetrieval = true,
        ConnectionTimeout = (uint)credential.ConnectionTimeout.TotalSeconds,
        MaximumPoolSize = (uint)size,
        ApplicationName = applicationName,
    }.ConnectionString);

    /// <summary>The provider clears a pool only when it is disposed.</summary>
    public void ClearIdle(DbDataSource pool)
    {
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private static readonly string WhatOthersHave = $"""
        CREATE DATABASE {Warehouse};
        CREATE DATABASE {Name};
        CREATE TABLE {Warehouse}.products (id int PRIMARY KEY, price decimal(10, 2) NOT NULL, stock int NOT NULL);
        INSERT INTO {Warehouse}.products VALUES {string.Join(", ", Enumerable.Range(1, 20).Select(id => $"({id}, {id} * 1.25, 1000000)"))};
        CREATE TABLE {Warehouse}.suppliers (name varchar(50) PRIMARY KEY);
        INSERT INTO {Warehouse}.suppliers VALUES ('the only one');
        CREATE USER {Warehouse}@'%' IDENTIFIED BY '{RandomNumberGenerator.GetHexString(32)}' ACCOUNT LOCK;
        GRANT SELECT ON {Warehouse}.products TO {Warehouse}@'%';
        GRANT EXECUTE ON {Warehouse}.* TO {Warehouse}@'%';
        CREATE DEFINER = {Warehouse}@'%' FUNCTION {Warehouse}.price_of(product int) RETURNS decimal(10, 2) READS SQL DATA
            RETURN (SELECT price FROM {Warehouse}.products WHERE id = product);
        CREATE ROLE {Readers};
        GRANT SELECT ON {Warehouse}.suppliers TO {Readers};
        CREATE USER {Reporting}@'%' IDENTIFIED BY '{RandomNumberGenerator.GetHexString(32)}';
        """;

    private static string WhatTheLoginMay(MySqlRelease release) => $"""
        CREATE USER {User}@'%' IDENTIFIED BY {MySqlServer.Literal(ShopPassword.Text)} WITH MAX_USER_CONNECTIONS 60;
        CREATE USER {User}@'10.%' IDENTIFIED BY {MySqlServer.Literal(ShopPassword.Text)};
        GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, EXECUTE,
            TRIGGER, EVENT ON {Name}.* TO {User}@'%';
        GRANT SELECT ON {Name}.* TO {User}@'10.%';
        GRANT SELECT, UPDATE (stock) ON {Warehouse}.products TO {User}@'%' WITH GRANT OPTION;
        GRANT EXECUTE ON FUNCTION {Warehouse}.price_of TO {User}@'%';
        GRANT {Readers} TO {User}@'%' WITH ADMIN OPTION;
        SET DEFAULT ROLE {Readers} {(release is MySqlRelease.MariaDb ? "FOR" : "TO")} {User}@'%';
        """;

    private const string WhatTheLoginMakes = """
        CREATE TABLE customers (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(50) NOT NULL);
        INSERT INTO customers (name) VALUES ('Ada'), ('Grace'), ('Edsger');
        CREATE TABLE orders (
            id       bigint AUTO_INCREMENT PRIMARY KEY,
            customer bigint NOT NULL REFERENCES customers (id),
            product  int NOT NULL,
            amount   decimal(10, 2) NOT NULL,
            state    enum('placed', 'paid') NOT NULL DEFAULT 'placed'
        );
        CREATE TABLE payments (order_id bigint PRIMARY KEY, amount decimal(10, 2) NOT NULL);
        CREATE VIEW paid_orders AS SELECT o.id, p.amount FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.state = 'paid';
        CREATE FUNCTION is_paid(wanted bigint) RETURNS boolean READS SQL DATA RETURN EXISTS (SELECT 1 FROM paid_orders WHERE id = wanted);
        CREATE PROCEDURE pay(wanted bigint) MODIFIES SQL DATA UPDATE orders SET state = 'paid' WHERE id = wanted;
        CREATE TRIGGER orders_paid AFTER UPDATE ON orders FOR EACH ROW INSERT INTO payments (order_id, amount) VALUES (NEW.id, NEW.amount);
        CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DO DELETE FROM orders WHERE id < 0
        """;
}
