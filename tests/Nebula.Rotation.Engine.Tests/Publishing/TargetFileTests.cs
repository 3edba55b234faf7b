using Nebula.Rotation.Engine.Publishing.Files;
using Nebula.Rotation.Engine.Tests.Support;

namespace Nebula.Rotation.Engine.Tests.Publishing;

/// <summary>How a file is replaced, and which files are refused.</summary>
public sealed class TargetFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("app.env");

    [Fact]
    public void A_new_file_is_for_its_owner_only()
    {
        TargetFile.Change(Path, _ => [1, 2]);

        Assert.Equal([1, 2], TargetFile.Read(Path));
        OnUnix(() => Assert.Equal(UnixMode.OwnerOnly, UnixMode.Get(Path)));
        Assert.Equal([Path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_file_keeps_its_mode_and_a_link_stays_a_link()
    {
        Make(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var link = _folder.File("link");
        File.CreateSymbolicLink(link, "app.env");

        TargetFile.Change(link, content => [.. content!, 9]);

        Assert.Equal([0, 9], File.ReadAllBytes(Path));
        Assert.Equal("app.env", new FileInfo(link).LinkTarget);
        OnUnix(() => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, UnixMode.Get(Path)));
    }

    [Fact]
    public void A_file_keeps_its_owner_and_group()
    {
        if (NativeFile.CurrentUser != 0)
            Assert.Skip("Only root can give a file away.");
        Make(UnixMode.OwnerOnly);
        using (var stream = File.OpenRead(Path))
            Assert.True(NativeFile.SetOwner(stream.SafeFileHandle, 4321, 1234));

        TargetFile.Change(Path, _ => [5]);

        Assert.Equal((4321u, 1234u, true), NativeFile.Stat(Path));
        Assert.Equal(UnixMode.OwnerOnly, UnixMode.Get(Path));
    }

    [Fact]
    public async Task A_reader_sees_the_old_file_or_the_new_one()
    {
        var (old, changed) = (Enumerable.Repeat((byte)'a', 200_000).ToArray(), Enumerable.Repeat((byte)'b', 200_000).ToArray());
        TargetFile.Change(Path, _ => old);
        using var stop = new CancellationTokenSource();
        var reader = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                var content = File.ReadAllBytes(Path);
                Assert.True(content.AsSpan().SequenceEqual(old) || content.AsSpan().SequenceEqual(changed));
            }
        }, TestContext.Current.CancellationToken);
        for (var round = 0; round < 50; round++)
            TargetFile.Change(Path, content => TargetFile.Same(content, old) ? changed : old);
        await stop.CancelAsync();

        await reader;
    }

    [Fact]
    public void Two_that_change_one_file_at_a_time_lose_nothing()
    {
        TargetFile.Change(Path, _ => []);
        Parallel.For(0, 40, index => TargetFile.Change(Path, content => [.. content!, (byte)index]));

        Assert.Equal(Enumerable.Range(0, 40).Select(index => (byte)index), TargetFile.Read(Path)!.Order());
    }

    [Fact]
    public void A_change_of_somebody_else_at_the_same_moment_is_not_overwritten()
    {
        Make(UnixMode.OwnerOnly);

        var exception = Assert.Throws<RotationException>(() => TargetFile.Change(Path, content =>
        {
            File.WriteAllBytes(Path, [7, 7]);
            return [1];
        }));

        Assert.Contains("changed by somebody else", exception.Message, StringComparison.Ordinal);
        Assert.Equal([7, 7], File.ReadAllBytes(Path));
        Assert.Equal([Path], Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_file_that_everybody_can_reach_is_refused(UnixFileMode others)
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Modes are Unix's.");
        Make(UnixMode.OwnerOnly | others);

        var exception = Assert.Throws<RotationException>(() => TargetFile.Change(Path, _ => [1]));

        Assert.Equal(RotationErrorCode.PublishFailed, exception.Code);
        Assert.Contains("chmod o-rwx", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal([0], File.ReadAllBytes(Path));
    }

    [Fact]
    public void A_folder_that_everybody_can_write_is_refused()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Modes are Unix's.");
        UnixMode.Set(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherWrite);

        Assert.Contains("put another file", Assert.Throws<RotationException>(() => TargetFile.Read(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pipe_is_refused_without_waiting_for_its_other_end()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("mkfifo is Linux's.");
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", ["-m", "600", Path]))
            mkfifo.WaitForExit();

        Assert.Contains("no regular file", Assert.Throws<RotationException>(() => TargetFile.Read(Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_file_or_far_too_large_is_refused()
    {
        Directory.CreateDirectory(Path);
        Assert.Throws<RotationException>(() => TargetFile.Read(Path));
        File.WriteAllBytes(_folder.File("large"), new byte[2 << 20]);
        UnixMode.Set(_folder.File("large"), UnixMode.OwnerOnly);
        Assert.Contains("larger than", Assert.Throws<RotationException>(() => TargetFile.Read(_folder.File("large"))).Message, StringComparison.Ordinal);
        Assert.Contains("does not exist", Assert.Throws<RotationException>(() => TargetFile.Read(_folder.File("none/x"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_death_left_beside_is_swept_and_nothing_else()
    {
        File.WriteAllText(_folder.File(".app.env.0123abcd.nebula"), "x");
        File.WriteAllText(_folder.File(".other.env.0123abcd.nebula"), "x");

        TargetFile.Sweep(Path);

        Assert.Equal([_folder.File(".other.env.0123abcd.nebula")], Directory.GetFiles(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private static void OnUnix(Action assert)
    {
        if (!OperatingSystem.IsWindows())
            assert();
    }

    private void Make(UnixFileMode mode)
    {
        File.WriteAllBytes(Path, [0]);
        UnixMode.Set(Path, mode);
    }
}
