using System.Globalization;

namespace Nebula.Rotation.Stores.Sqlite;

/// <summary>The tables, and how an older file becomes a newer one: forward only, one script a version, in one transaction.</summary>
internal static class Schema
{
    /// <summary>"NebR", in the file's header: tells a store from any other SQLite file.</summary>
    public const int ApplicationId = 0x4E656252;

    private const string Version1 =
        """
        CREATE TABLE meta (
            key   TEXT PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE scopes (
            id          INTEGER PRIMARY KEY AUTOINCREMENT,
            name        TEXT NOT NULL,
            folded      TEXT NOT NULL UNIQUE,
            wrapped_key BLOB NOT NULL
        ) STRICT;

        CREATE TABLE credentials (
            id               TEXT PRIMARY KEY,
            scope_id         INTEGER NOT NULL REFERENCES scopes (id),
            name             TEXT NOT NULL,
            folded           TEXT NOT NULL,
            database_type    TEXT NOT NULL,
            settings         TEXT NOT NULL,
            username         TEXT NOT NULL,
            version          INTEGER NOT NULL,
            admin_username   TEXT,
            admin_secret     BLOB,
            created_at       TEXT NOT NULL,
            last_rotated_at  TEXT NOT NULL,
            next_rotation_at TEXT,
            revision         INTEGER NOT NULL,
            UNIQUE (folded, scope_id)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX credentials_due ON credentials (next_rotation_at) WHERE next_rotation_at IS NOT NULL;
        CREATE INDEX credentials_scope ON credentials (scope_id);

        CREATE TABLE versions (
            credential_id TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
            version       INTEGER NOT NULL,
            username      TEXT NOT NULL,
            secret        BLOB,
            created_at    TEXT NOT NULL,
            PRIMARY KEY (credential_id, version)
        ) STRICT, WITHOUT ROWID;

        -- The row stays when the lease is given back: its fence must never be given out again.
        CREATE TABLE leases (
            credential_id TEXT PRIMARY KEY REFERENCES credentials (id) ON DELETE CASCADE,
            owner         TEXT,
            fence         INTEGER NOT NULL,
            expires_at    TEXT
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE rotations (
            sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
            id            TEXT NOT NULL UNIQUE,
            credential_id TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
            kind          TEXT NOT NULL,
            state         TEXT NOT NULL,
            old_username  TEXT NOT NULL,
            new_username  TEXT NOT NULL,
            from_version  INTEGER NOT NULL,
            to_version    INTEGER NOT NULL,
            started_at    TEXT NOT NULL,
            finished_at   TEXT,
            retain_until  TEXT,
            runner        TEXT NOT NULL,
            error_code    TEXT,
            message       TEXT,
            reverses      TEXT,
            document      BLOB NOT NULL
        ) STRICT;

        CREATE INDEX rotations_credential ON rotations (credential_id, sequence);

        -- At most one open rotation a credential, whatever the code above believes.
        CREATE UNIQUE INDEX rotations_open ON rotations (credential_id) WHERE state IN ('Running', 'Draining', 'RollbackFailed');

        CREATE TABLE journal (
            rotation_id TEXT NOT NULL REFERENCES rotations (id) ON DELETE CASCADE,
            sequence    INTEGER NOT NULL,
            stage       TEXT NOT NULL,
            step        TEXT NOT NULL,
            phase       TEXT NOT NULL,
            at          TEXT NOT NULL,
            data        BLOB,
            PRIMARY KEY (rotation_id, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE stages (
            rotation_id  TEXT NOT NULL REFERENCES rotations (id) ON DELETE CASCADE,
            sequence     INTEGER NOT NULL,
            stage        TEXT NOT NULL,
            status       TEXT NOT NULL,
            started_at   TEXT NOT NULL,
            duration     TEXT NOT NULL,
            old_username TEXT NOT NULL,
            new_username TEXT NOT NULL,
            message      TEXT NOT NULL,
            details      TEXT NOT NULL,
            PRIMARY KEY (rotation_id, sequence)
        ) STRICT, WITHOUT ROWID;
        """;

    /// <summary>
    /// Settings have publish targets. They would fit into the old format, but a module that does not know them would lose them with its next write, and
    /// rotate without publishing: it must refuse the file.
    /// </summary>
    private const string Version2 = "UPDATE credentials SET settings = json_set(settings, '$.PublishTargets', json('[]'))";

    /// <summary>No reference to the credential: its entries stay when it goes.</summary>
    private const string AuditTrail =
        """
        CREATE TABLE audit (
            sequence      INTEGER PRIMARY KEY,
            at            TEXT NOT NULL,
            actor         TEXT NOT NULL,
            action        TEXT NOT NULL,
            credential_id TEXT NOT NULL,
            credential    TEXT NOT NULL,
            folded        TEXT NOT NULL,
            scope         TEXT NOT NULL,
            rotation_id   TEXT,
            outcome       TEXT NOT NULL,
            details       TEXT NOT NULL,
            code          BLOB NOT NULL
        ) STRICT;

        CREATE INDEX audit_credential ON audit (folded, sequence);
        CREATE INDEX audit_rotation ON audit (rotation_id) WHERE rotation_id IS NOT NULL;
        """;

    /// <summary>Settings have schedules and maintenance windows: a module that does not know them would rotate outside of them.</summary>
    private const string Schedules = "UPDATE credentials SET settings = json_set(settings, '$.MaintenanceWindow', json('[]'), '$.Jitter', '00:00:00')";

    /// <summary>The script at index n makes version n + 1 of version n. Scripts that have shipped are never edited.</summary>
    public static IReadOnlyList<string> Migrations { get; } = [Version1, Version2, AuditTrail, Schedules];

    public static int GetVersion(SqliteSession session) => Convert.ToInt32(session.Scalar("PRAGMA user_version"), CultureInfo.InvariantCulture);

    /// <summary>Brings the file to the newest version; called in a write transaction, which another process may have won before.</summary>
    public static void Migrate(SqliteSession session, IReadOnlyList<string> migrations)
    {
        for (var version = GetVersion(session); version < migrations.Count; version++)
        {
            session.Execute(migrations[version]);

            // A PRAGMA takes no parameter; the value is a number of ours.
            session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version + 1}"));
        }
    }
}
