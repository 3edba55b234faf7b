using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Nebula.Rotation.Module.Tests.Support;

/// <summary>A host that keeps what it is told and answers as a test says.</summary>
internal sealed class TestHost : PSHost
{
    private readonly TestUserInterface? _ui;

    public TestHost(bool hasUserInterface = true) => _ui = hasUserInterface ? new TestUserInterface(this) : null;

    /// <summary>Answers to choices, by label without its ampersand; where none is left, the host refuses to ask.</summary>
    public Queue<string> Answers { get; } = new();

    public ConcurrentQueue<string> Questions { get; } = new();

    public ConcurrentQueue<string> Warnings { get; } = new();

    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>Sees the lines as they are written.</summary>
    public Probe Told { get; } = new();

    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.InvariantCulture;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override string Name => "TestHost";

    public override PSHostUserInterface? UI => _ui;

    public override Version Version { get; } = new(1, 0);

    /// <summary>Everything that was shown.</summary>
    public string Everything => string.Join('\n', Lines.Concat(Warnings).Concat(Questions));

    public override void EnterNestedPrompt() => throw new NotSupportedException();

    public override void ExitNestedPrompt() => throw new NotSupportedException();

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }

    public override void SetShouldExit(int exitCode)
    {
    }

    private sealed class TestUserInterface(TestHost host) : PSHostUserInterface
    {
        public override PSHostRawUserInterface RawUI { get; } = new TestRawUserInterface();

        public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
        {
            if (host.Answers.Count == 0)
                throw new HostException("Nobody is here.");
            host.Questions.Enqueue(message);
            var answer = host.Answers.Dequeue();
            return choices.Select((choice, index) => (choice, index))
                .First(c => c.choice.Label.Replace("&", "", StringComparison.Ordinal) == answer).index;
        }

        public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) =>
            throw new HostException("Nobody is here.");

        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
            throw new HostException("Nobody is here.");

        public override PSCredential PromptForCredential(
            string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) =>
            throw new HostException("Nobody is here.");

        public override string ReadLine() => throw new HostException("Nobody is here.");

        public override SecureString ReadLineAsSecureString() => throw new HostException("Nobody is here.");

        public override void Write(string value) => host.Lines.Enqueue(value);

        public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => host.Lines.Enqueue(value);

        public override void WriteDebugLine(string message) => host.Lines.Enqueue(message);

        public override void WriteErrorLine(string value) => host.Lines.Enqueue(value);

        public override void WriteLine(string value)
        {
            host.Lines.Enqueue(value);
            host.Told.See(value);
        }

        public override void WriteProgress(long sourceId, ProgressRecord record) => host.Lines.Enqueue(record.ToString());

        public override void WriteVerboseLine(string message) => host.Lines.Enqueue(message);

        public override void WriteWarningLine(string message) => host.Warnings.Enqueue(message);
    }

    /// <summary>A screen of fixed size, for the formatter.</summary>
    private sealed class TestRawUserInterface : PSHostRawUserInterface
    {
        public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

        public override Size BufferSize { get; set; } = new(160, 50);

        public override Coordinates CursorPosition { get; set; }

        public override int CursorSize { get; set; } = 1;

        public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.White;

        public override bool KeyAvailable => false;

        public override Size MaxPhysicalWindowSize => new(160, 50);

        public override Size MaxWindowSize => new(160, 50);

        public override Coordinates WindowPosition { get; set; }

        public override Size WindowSize { get; set; } = new(160, 50);

        public override string WindowTitle { get; set; } = "";

        public override void FlushInputBuffer()
        {
        }

        public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw new NotSupportedException();

        public override KeyInfo ReadKey(ReadKeyOptions options) => throw new NotSupportedException();

        public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) =>
            throw new NotSupportedException();

        public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw new NotSupportedException();

        public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw new NotSupportedException();
    }
}
