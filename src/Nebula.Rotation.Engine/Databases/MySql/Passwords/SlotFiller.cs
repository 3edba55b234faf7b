namespace Nebula.Rotation.Engine.Databases.MySql.Passwords;

/// <summary>Fills a statement's slot: with a hash, or, where the server's syntax wants to know of the other password, with what the grant tables say of that.</summary>
internal sealed class SlotFiller(MySqlSession session)
{
    /// <summary>The statements that a statement with a slot becomes; none when there is nothing to do.</summary>
    public async Task<IReadOnlyList<string>> FillAsync(PlannedStatement statement, Login? login, CancellationToken cancellationToken)
    {
        var slot = MySqlSlot.Parse(statement.SlotForm!);
        switch (slot.Purpose)
        {
            case MySqlSlotPurpose.Hash:
                return [statement.Text + (login is null ? await OfSiblingAsync(slot, cancellationToken) : Methods(slot.Plugins, login.Password)) + statement.TextAfterPassword];
            case MySqlSlotPurpose.Add:
                return await AddAsync(statement, slot, login!.Password, cancellationToken);
            default:
                return await KeepAsync(statement, slot, login!.Password, cancellationToken);
        }
    }

    private static string Methods(IReadOnlyList<string> plugins, Secret password) =>
        Methods(plugins.Select(plugin => (plugin, MySqlPasswordHash.Create(plugin, password))));

    /// <summary>The first method's plugin stands before the slot.</summary>
    private static string Methods(IEnumerable<(string Plugin, string Hash)> methods) =>
        string.Join(" OR ", methods.Select((method, index) => (index == 0 ? "" : $"{method.Plugin} USING ") + MySqlDialect.Literal(method.Hash)));

    /// <summary>An account that a login got after it was made: with the password that its other accounts have.</summary>
    private async Task<string> OfSiblingAsync(MySqlSlot slot, CancellationToken cancellationToken)
    {
        var all = await AccountPasswords.ReadAsync(session, slot.Username, cancellationToken);
        var sibling = all.Find(account => account.Methods.Select(method => method.Plugin).SequenceEqual(slot.Plugins));
        return sibling is not null
            ? Methods(sibling.Methods)
            : throw new RotationException(
                RotationErrorCode.DatabaseError,
                $"The account {MySqlDialect.Account(slot.Username, slot.Host)} came to prove itself by {slot.Plugins[0]}, and no other account of the login has a password of that form.",
                "Rotate again: the next login has it from the start.");
    }

    private async Task<IReadOnlyList<string>> AddAsync(PlannedStatement statement, MySqlSlot slot, Secret password, CancellationToken cancellationToken)
    {
        var account = await FindAsync(slot, cancellationToken);
        // To repeat RETAIN CURRENT PASSWORD is to end the old one.
        if (account.Takes(password))
            return [];
        if (session.Server.IsMariaDb)
        {
            var methods = slot.Plugins.Select(plugin => (plugin, MySqlPasswordHash.Create(plugin, password))).Concat(account.Methods).ToList();
            return [$"{statement.Text}IDENTIFIED VIA {methods[0].Item1} USING {Methods(methods)}"];
        }

        // This form takes the password itself only (manual, "ALTER USER Statement"); the server keeps it out of its logs.
        if (!session.IsPrivate)
        {
            throw new RotationException(
                RotationErrorCode.DatabaseError,
                $"A second password goes to {session.Endpoint} as it is, and the connection is neither encrypted nor local.",
                "Use TLS: -SslMode Require or better.");
        }

        return [$"{statement.Text}IDENTIFIED WITH {slot.Plugins[0]} BY {MySqlDialect.Literal(password.Reveal())} RETAIN CURRENT PASSWORD"];
    }

    private async Task<IReadOnlyList<string>> KeepAsync(PlannedStatement statement, MySqlSlot slot, Secret password, CancellationToken cancellationToken)
    {
        var account = await FindAsync(slot, cancellationToken);
        if (!account.Takes(password))
        {
            throw new RotationException(
                RotationErrorCode.DatabaseError,
                $"{MySqlDialect.Account(slot.Username, slot.Host)} does not take the password that shall be its only one.",
                "Somebody has changed it. Nothing was taken from the account.");
        }

        if (session.Server.IsMariaDb)
        {
            var kept = account.Methods.Where(method => MySqlPasswordHash.Matches(method.Plugin, method.Hash, password)).ToList();
            return kept.Count == account.Methods.Count ? [] : [$"{statement.Text}IDENTIFIED VIA {kept[0].Plugin} USING {Methods(kept)}"];
        }

        if (account.Second is null)
            return [];
        // The hash, since a password history refuses a password that was used before.
        return account.IsFirst(password)
            ? [$"{statement.Text}DISCARD OLD PASSWORD"]
            : [$"{statement.Text}IDENTIFIED WITH {slot.Plugins[0]} AS {MySqlDialect.Literal(account.Second)}", $"{statement.Text}DISCARD OLD PASSWORD"];
    }

    private async Task<AccountPasswords> FindAsync(MySqlSlot slot, CancellationToken cancellationToken) =>
        (await AccountPasswords.ReadAsync(session, slot.Username, cancellationToken)).Find(account => account.Host.Equals(slot.Host, StringComparison.OrdinalIgnoreCase))
        ?? throw new RotationException(RotationErrorCode.DatabaseError, $"There is no account {MySqlDialect.Account(slot.Username, slot.Host)} any more.");
}
