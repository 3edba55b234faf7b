using System.Security.Cryptography;
using Nebula.Rotation.Engine.Tests.Stores;
using Nebula.Rotation.Integration.Tests.Servers;
using static Nebula.Rotation.Engine.Tests.Stores.StoreSamples;

namespace Nebula.Rotation.Integration.Tests.Stores;

/// <summary>A scope with a key of its own: who has the store's key alone sees names and times there, and no passwords.</summary>
public sealed class ScopeKeyTests(SharedPostgres postgres)
{
    [Fact]
    public async Task Without_the_scopes_key_there_are_names_and_ages_and_no_secrets()
    {
        var scope = $"Payroll {RandomNumberGenerator.GetHexString(6)}";
        var suffix = scope.ToUpperInvariant().Replace(' ', '_');
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var folder = Directory.CreateTempSubdirectory("nebula-scope-");
        await using var home = await StoreHome.CreateAsync(postgres);
        DatabaseCredential sealed1, open;
        try
        {
            var file = Path.Combine(folder.FullName, "scope.key");
            await File.WriteAllTextAsync(file, key, Token);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, UnixFileMode.UserRead);
            Environment.SetEnvironmentVariable("NEBULA_SCOPE_KEYFILE_" + suffix, file);
            await using (var owner = await home.OpenAsync())
            {
                sealed1 = await owner.AddAsync(Credential("salaries", scope), Login(password: "one"), Login("boss", "two"), Token);
                open = await owner.AddAsync(Credential("orders"), Login(password: "three"), null, Token);
            }

            Environment.SetEnvironmentVariable("NEBULA_SCOPE_KEYFILE_" + suffix, null);
            await using (var runner = await home.OpenAsync())
            {
                var seen = (await runner.FindAsync("salaries", scope, Token))!;
                Assert.Equal(sealed1.LastRotatedAt, seen.LastRotatedAt);
                Assert.Equal("three", (await runner.GetCurrentLoginAsync(open.Id, Token)).Login.Password.Reveal());
                Func<Task>[] secrets =
                [
                    () => runner.GetCurrentLoginAsync(sealed1.Id, Token),
                    () => runner.GetAdminLoginAsync(sealed1.Id, Token),
                    () => runner.AddAsync(Credential("more", scope), Login(), null, Token),
                ];
                foreach (var secret in secrets)
                {
                    var exception = await RefusedAsync(RotationErrorCode.StoreKeyInvalid, secret);
                    Assert.Contains(scope.ToUpperInvariant(), exception.Message, StringComparison.Ordinal);
                    Assert.Contains("NEBULA_SCOPE_KEY_" + suffix, exception.RecommendedAction, StringComparison.Ordinal);
                }

                // The store's own key is another matter: it can be replaced by who has no scope's.
                await runner.ReplaceKeyAsync(new(), Token);
                Assert.True((await runner.CheckAuditAsync(null, Token)).IsIntact);
            }

            Environment.SetEnvironmentVariable("NEBULA_SCOPE_KEY_" + suffix, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
            await using (var wrong = await home.OpenAsync())
                await RefusedAsync(RotationErrorCode.StoreKeyInvalid, () => wrong.GetCurrentLoginAsync(sealed1.Id, Token));
            Environment.SetEnvironmentVariable("NEBULA_SCOPE_KEY_" + suffix, key);
            await using (var right = await home.OpenAsync())
            {
                Assert.Null(Environment.GetEnvironmentVariable("NEBULA_SCOPE_KEY_" + suffix));
                Assert.Equal("one", (await right.GetCurrentLoginAsync(sealed1.Id, Token)).Login.Password.Reveal());
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
