using System.Globalization;
using System.Reflection;
using System.Text;

namespace Nebula.Rotation.Help;

/// <summary>The docs folder and the cmdlets that it is about.</summary>
public sealed class HelpSource
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly PageWriter _writer;
    private readonly string _commands;
    private readonly string _about;

    /// <param name="docs">The folder "docs".</param>
    /// <param name="cmdlets">The assembly with the cmdlets.</param>
    public HelpSource(string docs, Assembly cmdlets)
    {
        _commands = Path.Combine(docs, "commands");
        _about = Path.Combine(docs, "about");
        Cmdlets = CmdletFacts.Read(cmdlets);
        Shared = HelpPage.ReadParameters(File.ReadAllText(Path.Combine(_commands, "parameters.md")));
        _writer = new PageWriter(Shared);
        Pages = Directory.GetFiles(_commands, "*-*.md").Select(file => HelpPage.Read(File.ReadAllText(file))).ToDictionary(page => page.Name, StringComparer.Ordinal);
        Topics = [.. Directory.GetFiles(_about, "about_*.md").Order(StringComparer.Ordinal)];
    }

    /// <summary>Every cmdlet of the assembly.</summary>
    public IReadOnlyList<CmdletFacts> Cmdlets { get; }

    /// <summary>The page of each command.</summary>
    public IReadOnlyDictionary<string, HelpPage> Pages { get; }

    /// <summary>Descriptions of parameters that many commands have.</summary>
    public IReadOnlyDictionary<string, string> Shared { get; }

    /// <summary>The files of the topics.</summary>
    public IReadOnlyList<string> Topics { get; }

    /// <summary>The pages as they should read now, by path; with the list of all commands.</summary>
    /// <exception cref="InvalidDataException">A command or a parameter is not described, or one that is described does not exist.</exception>
    public IReadOnlyDictionary<string, string> Updated()
    {
        if (Pages.Keys.Except(Cmdlets.Select(facts => facts.Name)).FirstOrDefault() is { } stranger)
            throw new InvalidDataException($"docs/commands has a page of {stranger}, which is no command.");
        var pages = Cmdlets.ToDictionary(facts => Path.Combine(_commands, $"{facts.Name}.md"), facts => _writer.Write(PageOf(facts), facts));
        var list = new StringBuilder("# Commands\n\nThe same texts are shown by `Get-Help <command> -Full`. Parameters that many commands have are described in [parameters.md](parameters.md) once; `./build.sh docs` brings them, the syntax\nand what the assembly knows of a parameter into the pages.\n\n| Command | |\n| --- | --- |\n");
        foreach (var facts in Cmdlets)
            list.Append(CultureInfo.InvariantCulture, $"| [{facts.Name}]({facts.Name}.md) | {PageOf(facts).Synopsis.Replace('\n', ' ')} |\n");
        list.Append("\n| Topic | |\n| --- | --- |\n");
        foreach (var topic in Topics)
        {
            var (title, lead, _) = Sections.Split(File.ReadAllText(topic), "## ");
            list.Append(CultureInfo.InvariantCulture, $"| [{title}](../about/{title}.md) | {lead.Replace('\n', ' ')} |\n");
        }

        pages.Add(Path.Combine(_commands, "README.md"), list.ToString());
        return pages;
    }

    /// <summary>Commands and parameters that nobody has described yet, as sentences.</summary>
    public IReadOnlyList<string> Missing() =>
    [
        .. Cmdlets.Where(facts => !Pages.ContainsKey(facts.Name)).Select(facts => $"{facts.Name} has no page: write docs/commands/{facts.Name}.md."),
        .. Cmdlets.Where(facts => Pages.ContainsKey(facts.Name)).SelectMany(facts => facts.Parameters
            .Where(parameter => string.IsNullOrWhiteSpace(_writer.Describe(Pages[facts.Name], parameter.Name)))
            .Select(parameter => $"docs/commands/{facts.Name}.md does not describe -{parameter.Name}, and neither does parameters.md.")),
    ];

    /// <summary>Writes the help that ships. A command without a page has none: the tests refuse that, a build goes on.</summary>
    public void Stage(string folder)
    {
        _ = Directory.CreateDirectory(folder);
        var help = new MamlWriter(_writer).Write(Cmdlets.Where(facts => Pages.ContainsKey(facts.Name)).Select(facts => (Pages[facts.Name], facts)));
        using (var file = new StreamWriter(Path.Combine(folder, "Nebula.Rotation.dll-Help.xml"), append: false, Utf8))
            help.Save(file);
        foreach (var topic in Topics)
            File.WriteAllText(Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(topic)}.help.txt"), AboutTopic.Write(File.ReadAllText(topic)), Utf8);
    }

    /// <summary>Writes the pages that are not up to date; gives their number.</summary>
    public int Update()
    {
        var stale = Updated().Where(page => !File.Exists(page.Key) || File.ReadAllText(page.Key) != page.Value).ToList();
        foreach (var (path, text) in stale)
            File.WriteAllText(path, text, Utf8);
        return stale.Count;
    }

    private HelpPage PageOf(CmdletFacts facts) =>
        Pages.TryGetValue(facts.Name, out var page) ? page : throw new InvalidDataException($"{facts.Name} has no page: write docs/commands/{facts.Name}.md.");
}
