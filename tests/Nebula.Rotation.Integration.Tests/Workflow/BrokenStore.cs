using System.Reflection;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>A store that refuses one call, the first of which something is true, and is well before and after it.</summary>
public class BrokenStore : DispatchProxy
{
    private ICredentialStore _store = null!;
    private Func<string, object?[], bool> _isHere = null!;
    private bool _broke;

    /// <param name="store">The store that does the work.</param>
    /// <param name="isHere">Is this call, by its method's name and its arguments, the one?</param>
    public static ICredentialStore Around(ICredentialStore store, Func<string, object?[], bool> isHere)
    {
        var proxy = Create<ICredentialStore, BrokenStore>();
        ((BrokenStore)(object)proxy)._store = store;
        ((BrokenStore)(object)proxy)._isHere = isHere;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (!_broke && _isHere(targetMethod!.Name, args!))
        {
            _broke = true;
            throw new RotationException(RotationErrorCode.StoreUnavailable, "broken on purpose");
        }

        return targetMethod!.Invoke(_store, BindingFlags.DoNotWrapExceptions, null, args, null);
    }
}
