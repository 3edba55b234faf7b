using System.Reflection;
using System.Runtime.Loader;
using Nebula.Rotation.Help;

// help stage <docs> <bin> <en-US>: the help that ships.   help update <docs> <bin>: generated parts of the pages.
if (args is not (["stage", _, _, _] or ["update", _, _]))
{
    Console.Error.WriteLine("usage: Nebula.Rotation.Help stage <docs> <folder of the cmdlets> <en-US> | update <docs> <folder of the cmdlets>");
    return 64;
}

try
{
    // The contract lies beside the cmdlets.
    var bin = Path.GetFullPath(args[2]);
    AssemblyLoadContext.Default.Resolving += (context, name) =>
        File.Exists(Path.Combine(bin, $"{name.Name}.dll")) ? context.LoadFromAssemblyPath(Path.Combine(bin, $"{name.Name}.dll")) : null;
    var source = new HelpSource(args[1], Assembly.LoadFrom(Path.Combine(bin, "Nebula.Rotation.dll")));
    foreach (var missing in source.Missing())
        Console.Error.WriteLine($"help: {missing}");
    if (args[0] == "stage")
        source.Stage(args[3]);
    else
        Console.WriteLine($"{source.Update()} pages of docs/commands written anew");
    return 0;
}
catch (InvalidDataException e)
{
    Console.Error.WriteLine($"help: {e.Message}");
    return 1;
}
