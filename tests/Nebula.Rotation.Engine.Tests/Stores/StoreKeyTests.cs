using System.Diagnostics;
using System.Security.Cryptography;
using Nebula.Rotation.Engine.Tests.Support;
using Nebula.Rotation.Stores.Encryption;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>The master key: where it comes from, and what is refused. One class, so that nothing else touches the variable meanwhile.</summary>
public sealed class StoreKeyTests : SqliteFixture
{
    [Fact]
    public async Task Another_stores_key_is_refused_before_anything_is_written()
    {
        await MakeAsync();
        await File.WriteAllTextAsync(KeyPath, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), Token);
        var before = Fingerprint();
        var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync());

        Assert.Contains(KeyPath, exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, Fingerprint());
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public async Task A_key_that_others_can_reach_is_refused_and_the_message_says_chmod(UnixFileMode extra)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix modes");
        await MakeAsync();
        UnixMode.Set(KeyPath, UnixMode.OwnerOnly | extra);
        var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync());
        Assert.Contains("chmod 600", exception.RecommendedAction, StringComparison.Ordinal);

        UnixMode.Set(KeyPath, UnixMode.OwnerOnly);
        await using var store = await OpenAsync();
    }

    [Fact]
    public async Task A_key_of_another_user_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "chown needs root on Linux");
        await MakeAsync();
        using (var process = Process.Start("chown", ["65534", KeyPath]))
            await process.WaitForExitAsync(Token);

        await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64 !")]
    [InlineData("c2hvcnQ=")]
    [InlineData("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ==")]
    public async Task A_malformed_key_is_refused_with_and_without_a_store_and_stays(string text)
    {
        await File.WriteAllTextAsync(KeyPath, text, Token);
        UnixMode.Set(KeyPath, UnixMode.OwnerOnly);
        await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync());
        Assert.False(File.Exists(StorePath));
        File.Delete(KeyPath);
        await MakeAsync();
        await File.WriteAllTextAsync(KeyPath, text, Token);
        var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync());

        Assert.Equal(text, await File.ReadAllTextAsync(KeyPath, Token));
        if (text.Length > 0)
            Assert.DoesNotContain(text, exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_huge_key_file_is_refused()
    {
        await MakeAsync();
        await File.WriteAllBytesAsync(KeyPath, new byte[1_000_000], Token);
        await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync());
    }

    [Fact]
    public async Task A_missing_key_is_never_made_anew_for_a_store_that_exists()
    {
        await MakeAsync();
        File.Delete(KeyPath);
        var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync(create: true));

        Assert.False(File.Exists(KeyPath));
        Assert.Contains("backup", exception.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_was_put_there_before_the_store_is_used()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var path = Path.Combine(Folder, "my.key");
        await File.WriteAllTextAsync(path, "  " + Convert.ToBase64String(key) + "\r\n", Token);
        UnixMode.Set(path, UnixFileMode.UserRead);
        await using var store = await OpenAsync(keys: new KeyFileProvider(path));

        Assert.False(File.Exists(KeyPath));
        Assert.Equal(key, await new KeyFileProvider(path).GetKeyAsync(StorePath, Token));
    }

    [Fact]
    public async Task Each_new_store_has_its_own_key()
    {
        await using var one = await OpenAsync();
        await using var two = await OpenAsync(Path.Combine(Folder, "two.db"));

        Assert.NotEqual(await File.ReadAllTextAsync(KeyPath, Token), await File.ReadAllTextAsync(Path.Combine(Folder, "two.db.key"), Token));
    }

    [Fact]
    public async Task The_environments_key_is_taken_out_of_the_environment_and_kept_for_later_opens()
    {
        try
        {
            var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
            Assert.IsType<KeyFileProvider>(StoreKeyProvider.Default);
            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.VariableName, key);
            Assert.IsType<EnvironmentKeyProvider>(StoreKeyProvider.Default);
            await using (var store = await OpenAsync(keys: StoreKeyProvider.Default))
                await store.AddAsync(Credential(), Login(), null, Token);

            Assert.Null(Environment.GetEnvironmentVariable(EnvironmentKeyProvider.VariableName));
            Assert.False(File.Exists(KeyPath));
            using (var child = Process.Start(new ProcessStartInfo("env") { RedirectStandardOutput = true })!)
                Assert.DoesNotContain(key, await child.StandardOutput.ReadToEndAsync(Token), StringComparison.Ordinal);
            await using (var again = await OpenAsync(create: false, keys: StoreKeyProvider.Default))
                Assert.NotNull(await again.FindAsync("orders", "global", Token));

            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.VariableName, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync(keys: StoreKeyProvider.Default));
            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.VariableName, "nonsense-canary");
            var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync(keys: StoreKeyProvider.Default));
            Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.VariableName, null);
            EnvironmentKeyProvider.Forget();
        }

        await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync(keys: new EnvironmentKeyProvider()));
    }

    [Fact]
    public async Task The_environments_key_is_replaced_by_one_that_the_caller_has_and_runners_that_have_both_notice_nothing()
    {
        try
        {
            var former = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
            var next = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.VariableName, former);
            await using (var store = await OpenAsync(keys: StoreKeyProvider.Default))
            {
                await store.AddAsync(Credential(), Login(), null, Token);
                var exception = await RefusedAsync(RotationErrorCode.InvalidArgument, () => store.ReplaceKeyAsync(new(), Token));
                Assert.Contains("-NewKey", exception.RecommendedAction, StringComparison.Ordinal);
                var result = await store.ReplaceKeyAsync(new() { NewKey = new(next) }, Token);
                Assert.Contains(EnvironmentKeyProvider.VariableName, result.Message, StringComparison.Ordinal);
            }

            // This process has it from now on; another one has to be given it.
            await using (var again = await OpenAsync(create: false, keys: StoreKeyProvider.Default))
                Assert.NotNull(await again.FindAsync("orders", "global", Token));
            EnvironmentKeyProvider.Forget();
            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.VariableName, former);
            await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => OpenAsync(create: false, keys: StoreKeyProvider.Default));
            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.NextVariableName, next);
            await using (var both = await OpenAsync(create: false, keys: StoreKeyProvider.Default))
            {
                Assert.Equal("first-password", (await both.GetCurrentLoginAsync((await both.FindAsync("orders", "global", Token))!.Id, Token)).Login.Password.Reveal());
                Assert.Null(Environment.GetEnvironmentVariable(EnvironmentKeyProvider.NextVariableName));
                await RefusedAsync(RotationErrorCode.InvalidArgument, () => both.ReplaceKeyAsync(new(), Token));
            }

            EnvironmentKeyProvider.Forget();
            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.VariableName, next);
            await using var opened = await OpenAsync(create: false, keys: StoreKeyProvider.Default);
        }
        finally
        {
            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.VariableName, null);
            Environment.SetEnvironmentVariable(EnvironmentKeyProvider.NextVariableName, null);
            EnvironmentKeyProvider.Forget();
        }
    }

    [Fact]
    public void Who_keeps_the_key_is_chosen_by_name_and_an_unknown_name_is_refused()
    {
        try
        {
            foreach (var (name, type) in new[]
            {
                ("", typeof(KeyFileProvider)), ("keyfile", typeof(KeyFileProvider)), ("Environment", typeof(EnvironmentKeyProvider)),
                (" Dpapi ", typeof(DpapiKeyProvider)), ("DpapiMachine", typeof(DpapiKeyProvider)),
            })
            {
                Environment.SetEnvironmentVariable(StoreKeyProvider.ChoiceVariableName, name);
                Assert.IsType(type, StoreKeyProvider.Default);
            }

            Environment.SetEnvironmentVariable(StoreKeyProvider.ChoiceVariableName, "keyring");
            Assert.Equal(RotationErrorCode.StoreKeyInvalid, Assert.Throws<RotationException>(() => StoreKeyProvider.Default).Code);
        }
        finally
        {
            Environment.SetEnvironmentVariable(StoreKeyProvider.ChoiceVariableName, null);
        }
    }
}
