using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Engine.Tests.Stores;

/// <summary>Where the store is.</summary>
public sealed class StoreLocationTests
{
    [Fact]
    public void What_the_caller_names_wins_then_the_variable_then_the_local_data_folder()
    {
        Assert.Equal(Path.GetFullPath("/a/b.db"), StoreLocation.Resolve("/a/./b.db", "/c.db", "/home").Path);
        Assert.Equal(Path.GetFullPath("/c.db"), StoreLocation.Resolve(" ", "/c.db", "/home").Path);
        Assert.Equal(Path.Combine("/home", "Nebula.Rotation", "store.db"), StoreLocation.Resolve(null, null, "/home").Path);
        Assert.Equal(Path.Combine(Directory.GetCurrentDirectory(), "x.db"), StoreLocation.Resolve("x.db", null, "/home").ToString());
    }

    [Theory]
    [InlineData("postgresql://me:canary@db/store")]
    [InlineData("postgres://me:canary@db/store")]
    [InlineData("mysql://me:canary@db/store")]
    public void A_server_is_not_yet_supported_and_its_password_is_not_repeated(string text)
    {
        var exception = Assert.Throws<RotationException>(() => StoreLocation.Resolve(text, null, "/home"));

        Assert.Equal(RotationErrorCode.StoreUnavailable, exception.Code);
        Assert.Contains("file path", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\0b", "/home")]
    [InlineData(null, "")]
    public void What_is_no_place_for_a_file_is_refused(string? text, string localData)
    {
        var exception = Assert.Throws<RotationException>(() => StoreLocation.Resolve(text, null, localData));

        Assert.Equal(RotationErrorCode.StoreUnavailable, exception.Code);
        Assert.Contains("-Store", exception.RecommendedAction, StringComparison.Ordinal);
    }
}
