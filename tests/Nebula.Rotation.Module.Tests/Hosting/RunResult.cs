using System.Management.Automation;
using System.Text;

namespace Nebula.Rotation.Module.Tests.Hosting;

/// <summary>Everything a script gave: the success stream, the other streams, and the error that ended it, if one did.</summary>
internal sealed class RunResult
{
    public RunResult(IEnumerable<PSObject> output, PSDataStreams streams, Exception? terminating)
    {
        Output = [.. output];
        Errors = [.. streams.Error];
        Warnings = [.. streams.Warning.Select(r => r.Message)];
        Verbose = [.. streams.Verbose.Select(r => r.Message)];
        Debug = [.. streams.Debug.Select(r => r.Message)];
        Information = [.. streams.Information];
        Progress = [.. streams.Progress];
        Terminating = terminating;
    }

    public IReadOnlyList<PSObject> Output { get; }

    public IReadOnlyList<ErrorRecord> Errors { get; }

    public IReadOnlyList<string> Warnings { get; }

    public IReadOnlyList<string> Verbose { get; }

    public IReadOnlyList<string> Debug { get; }

    public IReadOnlyList<InformationRecord> Information { get; }

    public IReadOnlyList<ProgressRecord> Progress { get; }

    /// <summary>Null when the script came to its end. A <see cref="PipelineStoppedException"/> after Ctrl+C.</summary>
    public Exception? Terminating { get; }

    /// <summary>The terminating error's record.</summary>
    public ErrorRecord? TerminatingRecord => (Terminating as IContainsErrorRecord)?.ErrorRecord;

    /// <summary>Every stream as text, with exceptions whole: where a secret must not be found.</summary>
    public string Everything
    {
        get
        {
            var text = new StringBuilder();
            foreach (var item in Output)
                text.AppendLine(item?.ToString());
            foreach (var error in Errors)
                text.AppendLine(error.ToString()).AppendLine(error.Exception.ToString()).AppendLine(error.TargetObject?.ToString());
            text.AppendJoin('\n', [.. Warnings, .. Verbose, .. Debug]).AppendLine();
            text.AppendJoin('\n', Information.Select(i => i.ToString())).AppendLine();
            foreach (var record in Progress)
                text.AppendLine(record.ToString());
            return text.AppendLine(Terminating?.ToString()).ToString();
        }
    }

    /// <summary>For a test's own preparations, which must work.</summary>
    public RunResult ThrowIfFailed()
    {
        if (Terminating is not null)
            throw new InvalidOperationException($"The script failed: {Terminating.Message}", Terminating);
        if (Errors.Count > 0)
            throw new InvalidOperationException($"The script wrote an error: {Errors[0]}", Errors[0].Exception);
        return this;
    }
}
