namespace Nebula.Rotation.Engine.Workflow.Stages;

/// <summary>Gives a database's error the code of the stage it happened in. Codes that say more than that are kept.</summary>
internal static class StageFailure
{
    public static async Task AsAsync(RotationErrorCode code, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (RotationException exception) when (exception.Code == RotationErrorCode.DatabaseError)
        {
            throw new RotationException(code, exception.Message, exception.RecommendedAction, exception.InnerException);
        }
    }
}
