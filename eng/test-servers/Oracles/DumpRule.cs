namespace Nebula.Rotation.TestServers.Oracles;

/// <summary>A difference that is not counted. Each has a name, is asked for by name, and what it excuses is listed in the result.</summary>
internal enum DumpRule
{
    /// <summary>
    /// A search_path of the login in one database that the first reading lacks and the second has, with the first login's own name in it: <c>"$user"</c> found a schema
    /// called like the login, and does not under another name, so the rotation writes the schema's name out. The path it replaces, if it said <c>$user</c>, goes with it.
    /// </summary>
    PinnedSearchPath,

    /// <summary>Who granted a membership, where the membership itself is the same: it is whoever ran the statement.</summary>
    MembershipGrantor,
}
