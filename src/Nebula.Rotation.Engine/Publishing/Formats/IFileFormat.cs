namespace Nebula.Rotation.Engine.Publishing.Formats;

/// <summary>
/// A text format of files that carry logins. Pure. Everything that is not about the login stays as it is, letter by letter, and writing the login that a
/// text holds already changes nothing: that is how it is asked what a text holds.
/// </summary>
internal interface IFileFormat
{
    /// <summary>True when readers of such files refuse one that its group can read.</summary>
    bool OwnerOnly => false;

    /// <summary>The entries of a target that names none.</summary>
    IReadOnlyList<(string Name, PublishFormat Format)> DefaultEntries { get; }

    /// <summary>Throws InvalidArgument for a target that makes no sense in this format.</summary>
    void Validate(PublishTarget target, DatabaseCredential credential);

    /// <summary>The text with the login in it. Throws PublishFailed for a text that cannot be read, or has no place for it.</summary>
    string Write(string text, FileLogin login);

    /// <summary>The text without what is there for one user only, where the format keeps logins side by side.</summary>
    string Remove(string text, FileLogin login) => text;
}
