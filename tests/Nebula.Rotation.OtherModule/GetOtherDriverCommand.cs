using System.Management.Automation;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Nebula.Rotation.OtherModule;

/// <summary>Uses both dependencies, and says which versions of them this module got.</summary>
[Cmdlet(VerbsCommon.Get, "OtherDriver")]
[OutputType(typeof(string))]
public sealed class GetOtherDriverCommand : PSCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var builder = new NpgsqlConnectionStringBuilder("Host=db1;Username=other");
        var logger = NullLoggerFactory.Instance.CreateLogger(builder.Host!);
        WriteObject($"Npgsql {typeof(NpgsqlConnection).Assembly.GetName().Version!.Major} for {builder.Username}");
        WriteObject($"Logging {logger.GetType().Assembly.GetName().Version!.Major}");
    }
}
