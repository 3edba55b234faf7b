using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>The write-ahead file beside the store's: what is committed and not yet copied back. Cut off, damaged, or another store's.</summary>
public sealed class SqliteWriteAheadTests : SqliteFixture
{
    private const int Written = 5;

    // sqlite.org/fileformat2.html, 4.1: the header, and before each page the frame's own.
    private const int LogHeader = 32;
    private const int Frame = 24 + 4096;

    private string LogPath => StorePath + "-wal";

    [Fact]
    public async Task A_cut_off_write_ahead_file_gives_a_state_that_once_was_and_never_a_part_of_a_write()
    {
        var (head, file, log) = await WriteAsync();
        List<int> counts = [];
        for (var length = 0; length <= log.Length; length += length < LogHeader ? LogHeader : Frame / 2)
        {
            Restore(file, log[..length]);
            counts.Add(await CountAsync(head));
        }

        Restore(file, log);
        counts.Add(await CountAsync(head));
        Assert.Equal(counts.Order(), counts);
        Assert.Equal(Enumerable.Range(0, Written + 1), counts.Distinct());
    }

    [Fact]
    public async Task Damage_in_a_write_ahead_file_ends_it_there()
    {
        var (head, file, log) = await WriteAsync();
        List<int> counts = [];
        for (var at = 0; at < log.Length; at += Frame + 7)
        {
            var damaged = log.ToArray();
            damaged.AsSpan(at, Math.Min(24, log.Length - at)).Fill(0xA5);
            Restore(file, damaged);
            counts.Add(await CountAsync(head));
        }

        Assert.Equal(counts.Order(), counts);
        Assert.Equal(0, counts[0]);
        Assert.InRange(counts[^1], 1, Written);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_stores_write_ahead_file_is_refused_and_never_copied_into_the_store(bool hasSameKey)
    {
        await using (var store = await OpenAsync())
            await store.AddAsync(Credential("mine"), Login(password: "mine"), null, Token);
        var mine = await File.ReadAllBytesAsync(StorePath, Token);

        var other = Path.Combine(Folder, "other.db");
        if (hasSameKey)
            File.Copy(KeyPath, other + ".key");
        byte[] foreign;
        await using (var store = await OpenAsync(other))
        {
            // All pages of the other one are in its log.
            await store.Database.WriteAsync(static session => session.Execute("UPDATE meta SET value = value"), Token);
            await store.AddAsync(Credential("theirs"), Login(password: "theirs"), null, Token);
            foreign = await ReadAsync(other + "-wal");
        }

        await File.WriteAllBytesAsync(LogPath, foreign, Token);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var exception = await RefusedAsync(RotationErrorCode.StoreCorrupt, () => OpenAsync());
            Assert.Contains(LogPath, exception.Message, StringComparison.Ordinal);
            Assert.Contains("another store's", exception.Message, StringComparison.Ordinal);
            Assert.Equal(mine, await File.ReadAllBytesAsync(StorePath, Token));
            Assert.Equal(foreign, await File.ReadAllBytesAsync(LogPath, Token));
        }

        // Taken away, it has done no harm.
        File.Delete(LogPath);
        File.Delete(StorePath + "-shm");
        await using var again = await OpenAsync(create: false);
        var found = (await again.FindAsync("mine", "global", Token))!;
        Assert.Equal("mine", (await again.GetCurrentLoginAsync(found.Id, Token)).Login.Password.Reveal());
        Assert.Null(await again.FindAsync("theirs", "global", Token));
    }

    /// <summary>Some writes that are in the log only; the files as they are then, and the audit trail's head.</summary>
    private async Task<(string Head, byte[] File, byte[] Log)> WriteAsync()
    {
        await (await OpenAsync()).DisposeAsync();
        await using var store = await OpenAsync();
        for (var index = 0; index < Written; index++)
            await store.AddAsync(Credential($"c{index}"), Login(password: $"password {index}"), null, Token);
        var head = (await store.CheckAuditAsync(null, Token)).Head;
        return (head, await ReadAsync(StorePath), await ReadAsync(LogPath));
    }

    /// <summary>How many of the writes are there: the first so many, each whole. An older head than the one that was kept is told.</summary>
    private async Task<int> CountAsync(string head)
    {
        await using var store = await OpenAsync(create: false);
        var found = await store.ListAsync(new(), Token);
        Assert.Equal(Enumerable.Range(0, found.Count).Select(static index => $"c{index}"), found.Select(static credential => credential.Name));
        for (var index = 0; index < found.Count; index++)
            Assert.Equal($"password {index}", (await store.GetCurrentLoginAsync(found[index].Id, Token)).Login.Password.Reveal());
        Assert.True((await store.CheckAuditAsync(null, Token)).IsIntact);
        Assert.Equal(found.Count == Written, (await store.CheckAuditAsync(head, Token)).IsIntact);
        return found.Count;
    }

    private void Restore(byte[] file, byte[] log)
    {
        File.Delete(StorePath + "-shm");
        File.WriteAllBytes(StorePath, file);
        File.WriteAllBytes(LogPath, log);
    }

    /// <summary>By another process: whoever closes a file here ends SQLite's locks on it.</summary>
    private async Task<byte[]> ReadAsync(string path)
    {
        return await File.ReadAllBytesAsync(Path.Combine(Path.GetDirectoryName(CopyFolder())!, Path.GetFileName(path)), Token);
    }
}
