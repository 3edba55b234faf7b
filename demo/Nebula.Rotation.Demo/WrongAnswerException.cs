namespace Nebula.Rotation.Demo;

/// <summary>A query succeeded with a result that is not right: as bad as one that failed.</summary>
internal sealed class WrongAnswerException(string message) : Exception(message)
{
    public static void Unless(bool right, string expectation)
    {
        if (!right)
            throw new WrongAnswerException($"expected: {expectation}");
    }
}
