using System.Diagnostics;
using System.Text.Json;
using CsCheck;
using Nebula.Rotation.Engine.Publishing.Formats;
using Nebula.Rotation.Engine.Tests.Support;

namespace Nebula.Rotation.Engine.Tests.Publishing;

/// <summary>Whatever the password, it is read back as it was written, twice is as once, and everything else stays.</summary>
public sealed class FormatProperties
{
    private const string Nasty = "'\"\\$`#;:!%&*(){}[]<>|=,.?~^@/+- \taZ9é\u20ac\U0001F511";

    private static readonly Gen<string> Password = Gen.String[Gen.OneOf(Gen.Char[Nasty.Replace("\U0001F511", "", StringComparison.Ordinal)], Gen.Char['!', '~']), 1, 20]
        .Select(Gen.Bool, (text, hasPair) => hasPair ? text + "\U0001F511" : text);

    private static readonly Gen<string> Lines = Gen.Select(Password, Password).Select((one, other) => $"{one}\n{other}");

    [Fact]
    public void A_variable_of_an_env_file() => Gen.OneOf(Password, Lines).Sample(password =>
    {
        var login = Formats.Login("u", password, ("A", PublishFormat.Password));
        var text = Twice(new EnvFormat(), "B=1\nA='x\ny' # c\nC=\"a b\"\n", login);
        Assert.Equal([("B", "1"), ("A", password), ("C", "a b")], EnvFormat.Read(text));
        Assert.StartsWith("B=1\n", text, StringComparison.Ordinal);
        Assert.EndsWith(" # c\nC=\"a b\"\n", text, StringComparison.Ordinal);
    });

    [Fact]
    public void A_key_of_a_JSON_file() => Gen.OneOf(Password, Lines).Sample(password =>
    {
        const string Before = "{ // c\n  \"z\" : [ 1.0, null ],\n  \"a\": { \"b\": \"";
        var text = Twice(new JsonFormat(), Before + "x\" },\n}", Formats.Login("u", password, ("a:b", PublishFormat.Password)));
        Assert.StartsWith(Before, text, StringComparison.Ordinal);
        Assert.EndsWith("\" },\n}", text, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(text, new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        Assert.Equal(password, json.RootElement.GetProperty("a").GetProperty("b").GetString());
    });

    [Fact]
    public void A_line_of_a_password_file() => Password.Sample(password =>
    {
        var text = Twice(new PgPassFormat(), "a:1:b:c:d\n", Formats.Login("u" + password, password));
        Assert.StartsWith("a:1:b:c:d\n", text, StringComparison.Ordinal);
        Assert.Equal("a:1:b:c:d\n", new PgPassFormat().Remove(text, Formats.Login("u" + password, "")));
    });

    [Fact]
    public void An_option_of_an_option_file() => Gen.OneOf(Password, Lines).Sample(password =>
    {
        var text = Twice(new MyCnfFormat(), "[a]\nx=1\n[client]\npassword=o\ny=2\n", Formats.Login("u", password, ("password", PublishFormat.Password)));
        Assert.StartsWith("[a]\nx=1\n[client]\npassword=\"", text, StringComparison.Ordinal);
        Assert.EndsWith("\"\ny=2\n", text, StringComparison.Ordinal);
        Assert.Equal(6, text.Split('\n').Length);
    });

    [Fact]
    public void A_user_of_a_list() => Password.Sample(password =>
    {
        var text = Twice(new UserListFormat(), "\"a\" \"b\"\n", Formats.Login("u" + password, password));
        Assert.Equal([("a", "b"), ("u" + password, password)], UserListFormat.Read(text));
    });

    [Fact]
    public void A_key_of_a_Kubernetes_Secret() => Gen.OneOf(Password, Lines).Sample(password =>
    {
        var text = Twice(
            new KubernetesFormat(), "kind: Secret\nstringData:\n  s: x # c\ndata:\n  p: eA==\n", Formats.Login("u", password, ("p", PublishFormat.Password), ("s", PublishFormat.Password)));
        Assert.Contains($"\n  p: {Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(password))}\n", text, StringComparison.Ordinal);
        Assert.Contains(" # c\ndata:\n", text, StringComparison.Ordinal);
    });

    [Fact]
    public void A_shell_reads_the_variables_as_they_were_meant()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("The shell is Linux's.");
        var passwords = Gen.OneOf(Password, Lines).Array[200].Single();
        using var folder = new TemporaryFolder();
        var text = passwords.Select((password, index) => ($"V{index}", password)).Aggregate("", (text, entry) => Twice(new EnvFormat(), text, Formats.Login("u", entry.password, (entry.Item1, PublishFormat.Password))));
        File.WriteAllText(folder.File("a.env"), text);
        var names = string.Join(' ', passwords.Select((_, index) => $"\"$V{index}\""));

        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-euc", $". {folder.File("a.env")}; printf '%s\\0' {names}"]) { RedirectStandardOutput = true, StandardOutputEncoding = new System.Text.UTF8Encoding(false) })!;
        var output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();

        Assert.Equal(passwords, output.TrimEnd('\0').Split('\0'));
    }

    private static string Twice(IFileFormat format, string text, FileLogin login)
    {
        var once = format.Write(text, login);
        Assert.Equal(once, format.Write(once, login));
        return once;
    }
}
