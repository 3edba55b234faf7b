namespace Nebula.Rotation.TestServers;

/// <summary>
/// Who a server runs as. Database servers refuse to run as root; <c>setpriv</c> gives the rights away and then becomes the server,
/// so that the number of the process stays the server's own (runuser and su stay in between).
/// </summary>
internal sealed class ServerAccount
{
    private ServerAccount(string? user, string? group, string? setpriv)
    {
        User = user;
        _group = group;
        _setpriv = setpriv;
    }

    private readonly string? _setpriv;

    /// <summary>The user's own group, by number: the one of nobody is called otherwise than the user.</summary>
    private readonly string? _group;

    /// <summary>The user's name; null when the server runs as whoever runs the tests.</summary>
    public string? User { get; }

    /// <exception cref="ServerUnavailableException">This is root, and there is nobody else to be.</exception>
    public static async Task<ServerAccount> ChooseAsync(string server, IEnumerable<string> candidates, CancellationToken ct)
    {
        if (!Environment.IsPrivilegedProcess)
            return new ServerAccount(null, null, null);
        var setpriv = CommandRunner.Find("setpriv")
            ?? throw new ServerUnavailableException(server, "the tests run as root, the server refuses to, and 'setpriv' (Debian package util-linux) is missing.");
        foreach (var user in candidates)
        {
            if (await CommandRunner.RunAsync("id", ["-g", user], ct: ct) is { Succeeded: true } group)
                return new ServerAccount(user, group.Output.Trim(), setpriv);
        }

        throw new ServerUnavailableException(server, $"the tests run as root, the server refuses to, and none of the users {string.Join(", ", candidates)} exists.");
    }

    /// <summary>The command as this account runs it.</summary>
    public string[] Run(params IEnumerable<string> command) =>
        User is null ? [.. command] : [_setpriv!, $"--reuid={User}", $"--regid={_group}", "--clear-groups", "--no-new-privs", "--", .. command];

    /// <summary>The first folder for throw-away data that this account can reach: the user's own temp folder may be closed to it.</summary>
    public async Task<string> FindTempFolderAsync(string server, CancellationToken ct)
    {
        string[] folders = [Path.GetTempPath(), "/tmp", "/var/tmp"];
        foreach (var folder in folders.Where(Directory.Exists))
        {
            var command = Run("sh", "-c", "cd -- \"$1\"", "sh", folder);
            if ((await CommandRunner.RunAsync(command[0], command[1..], ct: ct)).Succeeded)
                return folder;
        }

        throw new ServerUnavailableException(server, $"the user {User} can enter none of {string.Join(", ", folders)}.");
    }
}
