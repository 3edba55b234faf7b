using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Nebula.Rotation.Engine.Databases;
using Nebula.Rotation.Engine.Publishing;
using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Engine.Tests.Workflow;

namespace Nebula.Rotation.Engine.Tests.Publishing;

/// <summary>Programs that are told of a login.</summary>
public sealed class TargetProgramTests : IDisposable
{
    private const string Canary = "c4nary-9271";
    private const string Password = $"it's \"{Canary}\"\\ $x \u00e9\n2";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_program_is_given_the_login_on_its_standard_input_and_nowhere_else()
    {
        var context = Context("cat > in; printf '%s' \"$*\" > args; env > env", ["a b", "$HOME"]);

        await new CommandPublisher().PublishAsync(context, null, TestContext.Current.CancellationToken);

        using var given = JsonDocument.Parse(File.ReadAllText(_folder.File("in")));
        Assert.Equal("publish", given.RootElement.GetProperty("action").GetString());
        Assert.Equal("app", given.RootElement.GetProperty("username").GetString());
        Assert.Equal(Password, given.RootElement.GetProperty("password").GetString());
        Assert.Equal("old", given.RootElement.GetProperty("previousUsername").GetString());
        Assert.Equal("model", given.RootElement.GetProperty("hosts")[0].GetString());
        Assert.Equal("a b $HOME", File.ReadAllText(_folder.File("args")));
        Assert.DoesNotContain(Canary, File.ReadAllText(_folder.File("env")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rollback_is_told_as_one()
    {
        await new CommandPublisher().RollBackAsync(Context("cat > in"), null, TestContext.Current.CancellationToken);

        Assert.Contains("\"action\":\"rollback\"", File.ReadAllText(_folder.File("in")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_program_that_fails_says_is_heard_without_the_password()
    {
        var context = Context("cat; echo cannot reach it >&2; exit 3");

        var exception = await Assert.ThrowsAsync<RotationException>(() => new CommandPublisher().PublishAsync(context, null, TestContext.Current.CancellationToken));

        Assert.Equal(RotationErrorCode.PublishFailed, exception.Code);
        Assert.Contains("ended with 3", exception.Message, StringComparison.Ordinal);
        Assert.Contains("cannot reach it", exception.Message, StringComparison.Ordinal);
        Assert.Contains("\"password\":\"***\"", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_does_not_end_is_ended_with_its_children()
    {
        int? child = null;
        for (var seconds = 1; child is null; seconds *= 4)
        {
            var context = Context("sleep 600 & echo $! > child; wait", options: ("Timeout", $"{seconds}"));

            var exception = await Assert.ThrowsAsync<RotationException>(() => new CommandPublisher().PublishAsync(context, null, TestContext.Current.CancellationToken));

            Assert.Contains($"did not end within {seconds} s", exception.Message, StringComparison.Ordinal);

            // A shell that was ended before it had made its child proves nothing: it is given more time.
            child = ReadChild();
            Assert.True(child is not null || seconds < 256, "The program made no child.");
        }

        await GoneAsync(child.Value);
    }

    [Fact]
    public async Task A_program_that_does_not_read_and_leaves_a_child_behind_is_not_waited_for()
    {
        await new CommandPublisher().PublishAsync(Context("exec 0<&-; sleep 600 & echo $! > child; exit 0"), null, TestContext.Current.CancellationToken);

        using var child = Process.GetProcessById(ReadChild()!.Value);
        child.Kill();
    }

    [Fact]
    public async Task A_program_that_is_not_there_or_that_everybody_can_change_is_refused_before_anything_is_touched()
    {
        var context = Context("exit 0");
        UnixMode.Set(context.Target.Path!, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);
        Assert.Contains("Everybody can change", (await RefusedAsync(context)).Message, StringComparison.Ordinal);
        UnixMode.Set(context.Target.Path!, UnixMode.OwnerOnly);
        Assert.Contains("not executable", (await RefusedAsync(context)).Message, StringComparison.Ordinal);
        File.Delete(context.Target.Path!);
        Assert.Contains("There is no program", (await RefusedAsync(context)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static Task<RotationException> RefusedAsync(TargetContext context) =>
        Assert.ThrowsAsync<RotationException>(() => new CommandPublisher().CheckAsync(context, TestContext.Current.CancellationToken));

    private static async Task GoneAsync(int process)
    {
        var waited = Stopwatch.StartNew();
        while (Runs(process))
        {
            Assert.True(waited.Elapsed < Patience, $"{process} still runs");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private static bool Runs(int process)
    {
        try
        {
            // One that was ended and that nobody waited for is a zombie: gone, too.
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // There is no such file, or there was none any more when it was read.
            return false;
        }
    }

    /// <summary>The number of the child that a script has made, or null when it has not come so far.</summary>
    private int? ReadChild() => File.Exists(_folder.File("child")) && int.TryParse(File.ReadAllText(_folder.File("child")), CultureInfo.InvariantCulture, out var child) ? child : null;

    private TargetContext Context(string script, string[]? arguments = null, (string Name, string Value)? options = null)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("The program is a shell script.");
        var path = _folder.File("tell");
        var draft = _folder.File("draft");
        File.WriteAllText(draft, $"#!/bin/sh\ncd '{_folder.Path}'\n{script}\n");
        // Made by another process: what this one has open to write, a child that another test starts at this moment has open until it is a program of its
        // own, and a file that somebody can write to is not run (ETXTBSY, execve(2)).
        using (var install = Process.Start("install", ["-m", "700", draft, path]))
            install.WaitForExit();
        return new()
        {
            Target = new()
            {
                Kind = PublishTargetKind.Command,
                Path = path,
                Arguments = arguments ?? [],
                Options = options is { } option ? new Dictionary<string, string> { [option.Name] = option.Value } : new Dictionary<string, string>(),
            },
            Credential = new() { Name = "app", DatabaseType = DatabaseType.PostgreSql, HostName = ["model"], Port = 1, Database = "app", Username = "app" },
            Engine = new ModelEngine(new(), new(), _ => { }),
            Login = new("app", new(Password)),
            Previous = new("old", new("old-password")),
        };
    }
}
