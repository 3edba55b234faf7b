using Nebula.Rotation.Integration.Tests.Servers;

namespace Nebula.Rotation.Integration.Tests.MongoDb;

/// <summary>
/// The suite's main tests on each release of the real server, one and as a replica set, where a Docker engine answers. The images are those of
/// NEBULA_TEST_MONGODB_IMAGE (several with a comma between), else mongo:6 to mongo:8.
/// </summary>
public sealed class MongoContainerTests
{
    private static readonly string[] Wanted = Environment.GetEnvironmentVariable("NEBULA_TEST_MONGODB_IMAGE") is { Length: > 0 } given
        ? given.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        : ["mongo:6", "mongo:7", "mongo:8"];

    /// <summary>Two tests an image; a single one, which is skipped, where there is no engine.</summary>
    public static TheoryData<string, bool> Images
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var image in DockerAnswers ? Wanted : [string.Join(", ", Wanted)])
            {
                data.Add(image, false);
                if (DockerAnswers)
                    data.Add(image, true);
            }

            return data;
        }
    }

    public static bool DockerAnswers => ContainerTests.DockerAnswers;

    [Theory(DisableDiscoveryEnumeration = true, Skip = "no Docker engine answers", SkipUnless = nameof(DockerAnswers))]
    [MemberData(nameof(Images))]
    public async Task A_user_with_everything_is_rotated_and_nothing_is_lost_in(string image, bool isSet)
    {
        await using var container = new Container(image, isSet);
        var suite = new Suite(container);
        await suite.Rotations_in_a_row_under_traffic_fail_no_operation_and_lose_nothing();
        await suite.A_check_fails_for_a_wrong_password_and_for_a_dropped_user_right_after_a_success();
        await suite.A_retained_login_is_blocked_and_undo_lets_it_in_again_with_its_own_password();
        await suite.Two_names_take_turns_and_the_idle_one_lets_nobody_in();
        await suite.After_Retire_the_next_operation_on_an_old_connection_is_refused(isRetained: true);
        await suite.A_name_that_means_something_elsewhere_is_only_a_name("a.b$c'd\"e ", "own");
    }

    private sealed class Suite(SharedMongo mongo) : MongoRotationTests(mongo);

    private sealed class Container(string image, bool isSet) : SharedMongo(isSet, image);
}
