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
    [InlineData("postgres://me@db/store?password=canary")]
    public void A_password_in_an_argument_is_refused_and_not_repeated(string text)
    {
        var exception = Assert.Throws<RotationException>(() => StoreLocation.Resolve(text, null, "/home"));

        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.Contains("PGPASSFILE", exception.RecommendedAction, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString() + exception.RecommendedAction, StringComparison.Ordinal);
        var address = StoreLocation.Resolve(null, text, "/home").Address!;
        Assert.Equal("canary", address.Password!.Reveal());
        Assert.Equal("postgresql://me@db/store", address.ToString());
    }

    [Theory]
    [InlineData("postgresql://a%40b@[::1]:5433,db2/st%2Fore?sslmode=verify-full&connect_timeout=3", "postgresql://a%40b@[::1]:5433,db2/st%2Fore")]
    [InlineData("postgresql://", "postgresql://localhost/")]
    [InlineData("postgres:///store?host=/run/postgresql&user=me&port=6000", "postgresql://me@%2Frun%2Fpostgresql:6000/store")]
    [InlineData("POSTGRESQL://me@a,b:1/x?port=7", "postgresql://me@a:7,b:1/x")]
    public void An_address_is_read_as_libpq_reads_it(string text, string expected)
    {
        var location = StoreLocation.Resolve(text, null, "/home");

        Assert.Null(location.Path);
        Assert.Equal(expected, location.ToString());
        Assert.Equal(Path.Combine("/home", "Nebula.Rotation"), location.KeyFolder);
    }

    [Theory]
    [InlineData("postgresql://me@db/store?sslmod=require", "sslmod")]
    [InlineData("postgresql://me@db:70000/store", "65535")]
    [InlineData("postgresql://me@[::1/store", "bracket")]
    [InlineData("postgresql://me@a,b/store?port=1,2,3", "ports")]
    [InlineData("postgresql://me@a/store?sslmode", "value")]
    public void An_address_that_cannot_be_read_is_refused(string text, string why)
    {
        var exception = Assert.Throws<RotationException>(() => StoreLocation.Resolve(text, null, "/home"));

        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.Contains(why, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_kind_of_server_is_no_store_and_its_password_is_not_repeated()
    {
        var exception = Assert.Throws<RotationException>(() => StoreLocation.Resolve("mysql://me:canary@db/store", null, "/home"));

        Assert.Equal(RotationErrorCode.StoreUnavailable, exception.Code);
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
