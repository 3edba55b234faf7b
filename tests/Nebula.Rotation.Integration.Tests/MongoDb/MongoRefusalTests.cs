using MongoDB.Bson;
using Nebula.Rotation.Integration.Tests.Workflow;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>What cannot be rotated is said before anything is touched, with what to do.</summary>
public sealed class MongoRefusalTests(SharedMongoServer mongo) : IClassFixture<SharedMongoServer>
{
    [Fact]
    public async Task A_user_of_another_database_is_refused_and_the_message_says_where_users_are_looked_for()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync(), authSource: "own");

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.Service.AddAsync(
            new()
            {
                Credential = scene.NewCredential() with { Name = "elsewhere", Option = With(scene, "AuthSource", "admin") },
                Login = new(scene.OldLogin, new(MongoScene.OldPassword)),
            },
            MongoScene.Ct));

        Assert.Equal(RotationErrorCode.AuthenticationFailed, exception.Code);
        Assert.Contains("AuthSource", exception.Message + exception.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_without_a_password_in_MongoDB_is_refused()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.Service.AddAsync(
            new() { Credential = scene.NewCredential() with { Name = "x509", Option = With(scene, "AuthSource", "$external") }, Login = new("CN=app", new("x")) }, MongoScene.Ct));

        Assert.Equal(RotationErrorCode.InvalidArgument, exception.Code);
        Assert.Contains("x.509", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_admin_that_lacks_rights_is_told_which_and_nothing_is_touched()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        await scene.NewUserAsync($"{scene.Database}_weak", "weak", new("roles", new BsonArray { MongoScene.Role("userAdmin", scene.Database) }));

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(new() { Name = "app", Admin = new($"{scene.Database}_weak", new("weak")) }));

        // It may not even look at the user.
        Assert.Equal(RotationErrorCode.AdminPrivilegeMissing, exception.Code);
        Assert.Contains("not authorized", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"'{scene.OldLogin}' is live", exception.RecommendedAction, StringComparison.Ordinal);

        await scene.NewUserAsync($"{scene.Database}_half", "half", new("roles", new BsonArray { MongoScene.Role("userAdmin", "admin") }));
        exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(new() { Name = "app", Admin = new($"{scene.Database}_half", new("half")) }));

        Assert.Equal(RotationErrorCode.AdminPrivilegeMissing, exception.Code);
        Assert.Contains($"grantRole on database '{scene.Database}'", exception.Message, StringComparison.Ordinal);
        Assert.True(await scene.LogsInAsync(scene.OldLogin, MongoScene.OldPassword));
        Assert.Equal(3, (await scene.UsersAsync()).Count);
    }

    [Fact]
    public async Task Without_the_right_to_look_the_drain_says_that_it_does_not_know_and_cuts_nobody_off()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        await scene.NewUserAsync($"{scene.Database}_blind", "blind", new("roles", new BsonArray { MongoScene.Role("userAdminAnyDatabase", "admin") }));
        var blind = new Login($"{scene.Database}_blind", new("blind"));
        var said = new List<string>();

        var record = await scene.RotateAsync(
            new() { Name = "app", Admin = blind, GracePeriod = TimeSpan.Zero, DrainTimeout = TimeSpan.FromMilliseconds(200) }, new Observer { Said = (_, message) => { lock (said) said.Add(message); } });

        Assert.Equal(RotationState.Draining, record.State);
        Assert.Contains(said, message => message.Contains("inprog", StringComparison.Ordinal));
        Assert.Contains(said, message => message.Contains("not known", StringComparison.Ordinal));
        Assert.True(await scene.LogsInAsync(scene.OldLogin, MongoScene.OldPassword));

        record = await scene.Service.ResumeAsync(
            new() { Name = "app", Admin = blind, GracePeriod = TimeSpan.Zero, DrainTimeout = TimeSpan.Zero, OnDrainTimeout = DrainTimeoutAction.Terminate }, new Observer(), MongoScene.Ct);
        Assert.Equal(RotationState.Completed, record.State);
        Assert.False(await scene.LogsInAsync(scene.OldLogin, MongoScene.OldPassword));
    }

    [Fact]
    public async Task A_second_user_that_nobody_left_there_is_not_given_another_password()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync(), change: credential => credential with { Strategy = RotationStrategy.AlternatingUsers });
        await scene.NewUserAsync(scene.OldLogin + "_b", "somebody's", new("roles", new BsonArray()));

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        Assert.Contains("somebody else's", exception.Message, StringComparison.Ordinal);
        Assert.True((await scene.Engine.CheckLoginAsync(scene.Credential, new(scene.OldLogin + "_b", new("somebody's")), null, MongoScene.Ct))[0].Succeeded);
    }

    [Fact]
    public async Task A_password_changed_by_hand_stops_the_rotation_before_it_begins()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());
        await scene.AdminAsync(new() { { "updateUser", scene.OldLogin }, { "pwd", "by hand" } }, scene.AuthSource);

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync());

        Assert.Equal(RotationErrorCode.StoreDatabaseMismatch, exception.Code);
        Assert.Equal([scene.OldLogin], await scene.UsersAsync());
    }

    [Fact]
    public async Task Two_passwords_at_once_are_not_offered()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(new() { Name = "app", Strategy = RotationStrategy.DualPassword }));

        Assert.Equal(RotationErrorCode.UnsupportedStrategy, exception.Code);
    }

    [Fact]
    public async Task A_verify_query_that_fails_takes_the_rotation_back()
    {
        await using var scene = await MongoScene.CreateAsync(await mongo.ServerAsync());

        var exception = await Assert.ThrowsAsync<RotationException>(() => scene.RotateAsync(new() { Name = "app", VerifyQuery = """{ "dropUser": "nobody" }""" }));

        Assert.Equal(RotationErrorCode.VerificationFailed, exception.Code);
        Assert.Equal([scene.OldLogin], await scene.UsersAsync());
        Assert.True(await scene.LogsInAsync(scene.OldLogin, MongoScene.OldPassword));
    }

    private static Dictionary<string, string> With(MongoScene scene, string option, string value) =>
        new(scene.NewCredential().Option, StringComparer.OrdinalIgnoreCase) { [option] = value };
}
