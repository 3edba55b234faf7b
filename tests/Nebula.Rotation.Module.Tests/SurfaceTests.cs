using System.Management.Automation;
using System.Reflection;

namespace Nebula.Rotation.Module.Tests;

/// <summary>Rules that every cmdlet keeps.</summary>
public sealed class SurfaceTests
{
    private static readonly Type[] Cmdlets =
    [
        .. typeof(Commands.InvokeNebulaRotationCommand).Assembly.GetExportedTypes().Where(t => t.GetCustomAttribute<CmdletAttribute>() is not null),
    ];

    private static readonly HashSet<string> ApprovedVerbs =
    [
        .. new[] { typeof(VerbsCommon), typeof(VerbsCommunications), typeof(VerbsData), typeof(VerbsDiagnostic), typeof(VerbsLifecycle), typeof(VerbsOther), typeof(VerbsSecurity) }
            .SelectMany(t => t.GetFields()).Select(f => (string)f.GetRawConstantValue()!),
    ];

    public static TheoryData<string> Names => [.. Cmdlets.Select(t => t.Name)];

    [Fact]
    public void There_are_cmdlets_to_look_at() => Assert.InRange(Cmdlets.Length, 14, 100);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_cmdlet_keeps_the_rules(string name)
    {
        var type = Cmdlets.Single(t => t.Name == name);
        var cmdlet = type.GetCustomAttribute<CmdletAttribute>()!;
        Assert.Contains(cmdlet.VerbName, ApprovedVerbs);
        Assert.StartsWith("Nebula", cmdlet.NounName, StringComparison.Ordinal);
        Assert.Equal($"{cmdlet.VerbName}{cmdlet.NounName}Command", name);
        Assert.NotEmpty(type.GetCustomAttributes<OutputTypeAttribute>());
        Assert.True(type.IsSealed);
        Assert.NotNull(type.GetProperty("Store"));
        Assert.Equal(cmdlet.VerbName is not ("Get" or "Test" or "Compare"), cmdlet.SupportsShouldProcess);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_cmdlet_has_a_page_and_gives_something(string name)
    {
        var type = Cmdlets.Single(t => t.Name == name);
        var cmdlet = type.GetCustomAttribute<CmdletAttribute>()!;
        Assert.Equal($"https://github.com/nebula-rotation/Nebula.Rotation/blob/main/docs/commands/{cmdlet.VerbName}-{cmdlet.NounName}.md", cmdlet.HelpUri);
        var outputs = type.GetCustomAttributes<OutputTypeAttribute>().SelectMany(output => output.Type).Select(output => output.Type).ToList();
        Assert.DoesNotContain(typeof(void), outputs);
        Assert.DoesNotContain(typeof(object), outputs);
        // What is done by the way is said on request alone.
        if (cmdlet.VerbName is "Set" or "Remove")
            Assert.Equal(typeof(SwitchParameter), type.GetProperty("PassThru")?.PropertyType);
        if (cmdlet.ConfirmImpact == ConfirmImpact.High)
            Assert.Equal(typeof(SwitchParameter), type.GetProperty("Force")?.PropertyType);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_parameter_takes_a_password_as_text(string name)
    {
        foreach (var parameter in Parameters(Cmdlets.Single(t => t.Name == name)))
        {
            var isText = parameter.PropertyType == typeof(string) || parameter.PropertyType == typeof(string[]);
            var soundsSecret = new[] { "Password", "Secret", "Key", "Token" }.Any(word => parameter.Name.Contains(word, StringComparison.OrdinalIgnoreCase));
            Assert.False(isText && soundsSecret, $"{name} -{parameter.Name}");
            if (parameter.PropertyType == typeof(PSCredential))
            {
                Assert.NotNull(parameter.GetCustomAttribute<CredentialAttribute>());
                Assert.NotNull(parameter.GetCustomAttribute<Binding.VaultCredentialAttribute>());
            }

            if (parameter.PropertyType == typeof(System.Security.SecureString))
                Assert.NotNull(parameter.GetCustomAttribute<Binding.VaultSecretAttribute>());
            if (Nullable.GetUnderlyingType(parameter.PropertyType) == typeof(TimeSpan))
                Assert.NotNull(parameter.GetCustomAttribute<Binding.DurationAttribute>());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_names_a_thing_of_the_store_is_completed_and_takes_the_pipeline(string name)
    {
        var type = Cmdlets.Single(t => t.Name == name);
        foreach (var parameter in Parameters(type))
        {
            var completes = parameter.GetCustomAttribute<ArgumentCompleterAttribute>() is not null;
            // A new credential has a new name.
            var namesSomething = parameter.Name is "Scope" or "Tag" or "RotationId" or "AdminCredentialName" or "ConsoleCredentialName" || (parameter.Name == "Name" && !name.StartsWith("New", StringComparison.Ordinal));
            Assert.True(completes || !namesSomething, $"{name} -{parameter.Name} is not completed");
            if (parameter.Name is not ("Name" or "Scope" or "RotationId"))
                continue;
            var uses = parameter.GetCustomAttributes<ParameterAttribute>().ToList();
            Assert.True(uses.TrueForAll(use => use.ValueFromPipelineByPropertyName), $"{name} -{parameter.Name} is not taken by property name");
        }

        if (type.GetProperty("InputObject") is { } input)
            Assert.True(input.GetCustomAttribute<ParameterAttribute>()!.ValueFromPipeline);
    }

    [Theory]
    [InlineData("Invoke-NebulaRotation")]
    [InlineData("Undo-NebulaRotation")]
    [InlineData("Remove-NebulaDbCredential")]
    [InlineData("Remove-NebulaPublishTarget")]
    [InlineData("Convert-NebulaOwnership")]
    [InlineData("Update-NebulaStoreKey")]
    [InlineData("Import-NebulaStoreKey")]
    [InlineData("Move-NebulaStore")]
    public void What_cannot_be_taken_back_lightly_asks(string name)
    {
        var cmdlet = Cmdlets.Select(t => (Type: t, Attribute: t.GetCustomAttribute<CmdletAttribute>()!)).Single(c => $"{c.Attribute.VerbName}-{c.Attribute.NounName}" == name);
        Assert.Equal(ConfirmImpact.High, cmdlet.Attribute.ConfirmImpact);
        Assert.NotNull(cmdlet.Type.GetProperty("Force"));
    }

    private static IEnumerable<PropertyInfo> Parameters(Type type) =>
        type.GetProperties().Where(p => p.GetCustomAttributes<ParameterAttribute>().Any());
}
