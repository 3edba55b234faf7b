namespace Nebula.Rotation.Module.Commands;

/// <summary>Where the page of each cmdlet is, for Get-Help -Online.</summary>
internal static class HelpPage
{
    /// <summary>Followed by the cmdlet's name and .md.</summary>
    public const string Folder = "https://github.com/nebula-rotation/Nebula.Rotation/blob/main/docs/commands/";
}
