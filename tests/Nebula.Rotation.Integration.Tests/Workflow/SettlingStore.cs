using System.Reflection;
using Nebula.Rotation.Stores;

namespace Nebula.Rotation.Integration.Tests.Workflow;

/// <summary>A store whose flip returns when everybody has come through the gap who may have read the version before it.</summary>
public class SettlingStore : DispatchProxy
{
    private ICredentialStore _store = null!;
    private LoginGap _gap = null!;

    internal static ICredentialStore Around(ICredentialStore store, LoginGap gap)
    {
        var proxy = Create<ICredentialStore, SettlingStore>();
        ((SettlingStore)(object)proxy)._store = store;
        ((SettlingStore)(object)proxy)._gap = gap;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var result = targetMethod!.Invoke(_store, BindingFlags.DoNotWrapExceptions, null, args, null);
        return targetMethod.Name == nameof(ICredentialStore.PublishVersionAsync) ? ThenPassedAsync((Task)result!) : result;
    }

    private async Task ThenPassedAsync(Task flip)
    {
        await flip;
        await _gap.PassedAsync();
    }
}
