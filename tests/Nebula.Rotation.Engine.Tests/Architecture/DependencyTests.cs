using System.Reflection;
using System.Text.RegularExpressions;

namespace Nebula.Rotation.Engine.Tests.Architecture;

/// <summary>Arrows point one way. Read from the sources, since a namespace that is only used in a method body leaves no reference behind.</summary>
public sealed partial class DependencyTests
{
    private static readonly string Sources = Path.Combine(Root(), "src");

    private static readonly string[] Rooms =
        [.. Directory.GetDirectories(Path.Combine(Sources, "Nebula.Rotation.Engine", "Databases")).Select(folder => Path.GetFileName(folder)!)];

    [Fact]
    public void No_engine_room_knows_another_one()
    {
        Assert.Contains("PostgreSql", Rooms);
        foreach (var room in Rooms)
        {
            var others = Rooms.Where(other => other != room).Select(other => $"Databases.{other}");
            Assert.Empty(Mentions(Path.Combine("Nebula.Rotation.Engine", "Databases", room), [.. others]));
        }
    }

    [Theory]
    [InlineData("Workflow")]
    [InlineData("Snapshots")]
    [InlineData("Passwords")]
    [InlineData("Publishing")]
    public void What_serves_every_engine_knows_none(string folder) =>
        Assert.Empty(Mentions(Path.Combine("Nebula.Rotation.Engine", folder), [.. Rooms.Select(room => $"Databases.{room}"), "Npgsql", "MongoDB."]));

    [Fact]
    public void Abstractions_know_nothing_of_engine_stores_or_PowerShell() =>
        Assert.Empty(Mentions("Nebula.Rotation.Abstractions", ["using Nebula.Rotation.Engine", "using Nebula.Rotation.Stores", "System.Management.Automation"]));

    [Fact]
    public void Stores_know_no_engine_and_no_driver_but_their_own() =>
        Assert.Empty(Mentions("Nebula.Rotation.Stores", ["Nebula.Rotation.Engine", "using Npgsql"]));

    [Fact]
    public void Pools_know_no_engine_and_no_driver() =>
        Assert.Empty(Mentions("Nebula.Rotation.Pooling", ["using Nebula.Rotation.Engine", "using Npgsql", "using MySqlConnector", "using MongoDB", "using StackExchange"]));

    [Fact]
    public void Cmdlets_know_neither_engine_nor_stores() =>
        Assert.Empty(Mentions("Nebula.Rotation", ["using Nebula.Rotation.Engine", "using Nebula.Rotation.Stores", "using Npgsql"]));

    private static List<string> Mentions(string folder, string[] words)
    {
        var files = Directory.GetFiles(Path.Combine(Sources, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !OutputFolder().IsMatch(file))
            .ToList();
        Assert.NotEmpty(files);
        return
        [
            .. from file in files
               let text = File.ReadAllText(file)
               from word in words
               where text.Contains(word, StringComparison.Ordinal)
               select $"{Path.GetRelativePath(Sources, file)}: {word}",
        ];
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!);
        while (!File.Exists(Path.Combine(folder.FullName, "Nebula.Rotation.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("The solution is in no folder above the tests.");
        return folder.FullName;
    }

    [GeneratedRegex(@"[\\/](bin|obj)[\\/]")]
    private static partial Regex OutputFolder();
}
