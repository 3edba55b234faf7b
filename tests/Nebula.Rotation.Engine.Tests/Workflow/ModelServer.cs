using System.Collections.Concurrent;
using Nebula.Rotation.Engine.Snapshots;

namespace Nebula.Rotation.Engine.Tests.Workflow;

/// <summary>A database server in memory: logins with facts, ownership and sessions, transactional DDL, a lock a name.</summary>
internal sealed class ModelServer
{
    public static readonly ServerDescription Description = new("Model 1", 0);

    private readonly object _gate = new();

    private Dictionary<string, ModelLogin> _logins = new(StringComparer.Ordinal);

    /// <summary>Who has the lock of a name; several runners may be at work at once.</summary>
    public ConcurrentDictionary<string, object> Locks { get; } = new(StringComparer.Ordinal);

    /// <summary>False for a server without locks: there a runner asks whether the lease is still its own before it changes something.</summary>
    public bool HasLocks { get; set; } = true;

    /// <summary>What fails on purpose: a statement's text → the error.</summary>
    public Func<string, Exception?> Fault { get; set; } = _ => null;

    /// <summary>Called with each statement that was applied.</summary>
    public Action<string> Applied { get; set; } = _ => { };

    public IReadOnlyCollection<string> Names
    {
        get
        {
            lock (_gate)
                return [.. _logins.Keys];
        }
    }

    public ModelLogin this[string name]
    {
        get
        {
            lock (_gate)
                return _logins[name];
        }
    }

    public void Add(string name, string password, params PermissionFact[] facts)
    {
        lock (_gate)
            _logins[name] = new(password, true, [.. facts], []);
    }

    public void Connect(string name, string session = "app")
    {
        lock (_gate)
            _logins[name] = _logins[name] with { Sessions = [.. _logins[name].Sessions, session] };
    }

    public void Disconnect(string name)
    {
        lock (_gate)
        {
            if (_logins.TryGetValue(name, out var login))
                _logins[name] = login with { Sessions = [] };
        }
    }

    /// <summary>Ends the sessions of some age; how many those were.</summary>
    public int Disconnect(string name, TimeSpan? olderThan)
    {
        lock (_gate)
        {
            if (!_logins.TryGetValue(name, out var login))
                return 0;
            var left = login.Sessions.Where(session => AgeOf(session) < (olderThan ?? TimeSpan.Zero)).ToList();
            _logins[name] = login with { Sessions = left };
            return login.Sessions.Count - left.Count;
        }
    }

    /// <summary>A session that is called "old…" is as old as the model; others have just begun.</summary>
    public static TimeSpan AgeOf(string session) => session.StartsWith("old", StringComparison.Ordinal) ? TimeSpan.FromDays(1000) : TimeSpan.Zero;

    public void Grant(string name, PermissionFact fact)
    {
        lock (_gate)
            _logins[name] = _logins[name] with { Facts = [.. _logins[name].Facts, fact] };
    }

    public void Revoke(string name, PermissionFact fact)
    {
        lock (_gate)
            _logins[name] = _logins[name] with { Facts = [.. _logins[name].Facts.Where(has => has != fact)] };
    }

    public bool LogsIn(string name, string password)
    {
        lock (_gate)
            return _logins.TryGetValue(name, out var login) && login.CanLogIn && (login.Password == password || (login.Older is not null && login.Older == password));
    }

    public LoginSnapshot Read(string name)
    {
        lock (_gate)
        {
            return _logins.TryGetValue(name, out var login)
                ? new() { Username = name, Exists = true, CanLogIn = login.CanLogIn, Server = Description, Facts = login.Facts, Hints = Hints(login) }
                : new() { Username = name, Exists = false, Server = Description };
        }
    }

    /// <summary>Everything there is, as a text to compare.</summary>
    public string Describe()
    {
        lock (_gate)
        {
            return string.Join('\n', _logins.OrderBy(login => login.Key, StringComparer.Ordinal).Select(login =>
                $"{login.Key} {login.Value.CanLogIn} {login.Value.Password} {login.Value.Older} {string.Join(',', login.Value.Facts)} {string.Join(',', login.Value.Sessions)}"));
        }
    }

    public IReadOnlyList<string> Sessions(string name)
    {
        lock (_gate)
            return _logins.TryGetValue(name, out var login) ? login.Sessions : [];
    }

    /// <summary>Applies statements all or none, as a transaction does.</summary>
    public void Commit(IReadOnlyList<(string Text, string? Password)> statements)
    {
        lock (_gate)
        {
            var draft = new Dictionary<string, ModelLogin>(_logins, StringComparer.Ordinal);
            foreach (var (text, password) in statements)
            {
                if (Fault(text) is { } fault)
                    throw fault;
                Apply(draft, text.Split('|'), password);
            }

            _logins = draft;
        }

        foreach (var (text, _) in statements)
            Applied(text);
    }

    private static Dictionary<string, string> Hints(ModelLogin login) => login.Older is null ? [] : new() { [ModelPasswordPlanner.HasTwo] = "true" };

    private static void Apply(Dictionary<string, ModelLogin> logins, string[] words, string? password)
    {
        var name = words[1];
        switch (words[0])
        {
            case "create":
                if (!logins.TryAdd(name, new(password ?? throw new InvalidOperationException("no password"), true, [], [])))
                    throw new RotationException(RotationErrorCode.DatabaseError, $"{name} exists");
                break;
            case "enable":
                logins[name] = logins[name] with { CanLogIn = true };
                break;
            case "password":
                logins[name] = logins[name] with { Password = password ?? throw new InvalidOperationException("no password") };
                break;
            // As MySQL has it: whoever adds the newer password a second time loses the older one.
            case "add-password":
                logins[name] = logins[name] with { Older = logins[name].Password, Password = password ?? throw new InvalidOperationException("no password") };
                break;
            case "keep-password":
                if (password != logins[name].Password && password != logins[name].Older)
                    throw new RotationException(RotationErrorCode.DatabaseError, $"{name} never took this password");
                logins[name] = logins[name] with { Password = password, Older = null };
                break;
            case "idle":
                logins[name] = logins[name] with { CanLogIn = false, Password = null };
                break;
            case "block":
                logins[name] = logins[name] with { CanLogIn = false };
                break;
            case "grant":
                logins[name] = logins[name] with { Facts = [.. logins[name].Facts, ModelPlanner.Fact(words[2])] };
                break;
            case "revoke":
                logins[name] = logins[name] with { Facts = [.. logins[name].Facts.Where(fact => fact != ModelPlanner.Fact(words[2]))] };
                break;
            case "role":
                logins.Add(name, new(null, false, [], []));
                break;
            case "drop":
                if (logins[name].Facts.Any(fact => fact.IsExclusive))
                    throw new RotationException(RotationErrorCode.DatabaseError, $"{name} owns objects");
                logins.Remove(name);
                break;
            default:
                throw new InvalidOperationException(words[0]);
        }
    }
}

/// <summary>A login of the model; immutable, so that a transaction can work on a copy.</summary>
internal sealed record ModelLogin(string? Password, bool CanLogIn, IReadOnlyList<PermissionFact> Facts, IReadOnlyList<string> Sessions)
{
    /// <summary>The second password, where there is one.</summary>
    public string? Older { get; init; }
}
