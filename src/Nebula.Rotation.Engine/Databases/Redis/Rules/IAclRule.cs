namespace Nebula.Rotation.Engine.Databases.Redis.Rules;

/// <summary>
/// How facts of one kind are told to ACL SETUSER: from nothing, and whole, so that what is too much goes and what is missing comes in one command, which
/// the server does at once or not at all.
/// </summary>
internal interface IAclRule
{
    /// <summary>The rule's name, on each of its statements.</summary>
    string Name { get; }

    /// <summary>True when the fact is this rule's.</summary>
    bool Handles(PermissionFact fact);

    /// <summary>The words, each as the server reads it.</summary>
    IEnumerable<string> Words(RuleContext context);
}
