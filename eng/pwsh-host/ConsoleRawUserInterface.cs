using System.Management.Automation.Host;

namespace Nebula.Rotation.PwshHost;

/// <summary>The console's size, cursor and keys. What needs a screen buffer is refused: a Unix terminal has none that can be read.</summary>
internal sealed class ConsoleRawUserInterface(ConsoleInput input) : PSHostRawUserInterface
{
    /// <summary>Stands for the terminal's own colour, whichever that is.</summary>
    public const ConsoleColor DefaultForeground = (ConsoleColor)(-1);

    /// <inheritdoc cref="DefaultForeground"/>
    public const ConsoleColor DefaultBackground = (ConsoleColor)(-1);

    public override ConsoleColor ForegroundColor { get; set; } = DefaultForeground;

    public override ConsoleColor BackgroundColor { get; set; } = DefaultBackground;

    public override Size BufferSize
    {
        get => WindowSize;
        set => throw NoScreenBuffer();
    }

    public override Size WindowSize
    {
        get => new(Terminal.Width, Console.IsOutputRedirected || Console.WindowHeight <= 0 ? 24 : Console.WindowHeight);
        set => throw NoScreenBuffer();
    }

    public override Size MaxWindowSize => WindowSize;

    public override Size MaxPhysicalWindowSize => WindowSize;

    public override Coordinates WindowPosition
    {
        get => new(0, 0);
        set => throw NoScreenBuffer();
    }

    public override Coordinates CursorPosition
    {
        get => Console.IsOutputRedirected ? new(0, 0) : new(Console.CursorLeft, Console.CursorTop);
        set
        {
            if (!Console.IsOutputRedirected)
                Console.SetCursorPosition(value.X, value.Y);
        }
    }

    // Neither can be read back from every terminal: kept, so that a script finds what it set.
    public override int CursorSize { get; set; } = 25;

    public override string WindowTitle { get; set; } = "";

    public override bool KeyAvailable => !Console.IsInputRedirected && Console.KeyAvailable;

    public override KeyInfo ReadKey(ReadKeyOptions options)
    {
        input.RequireUser("a key");
        var key = input.ReadKey(options.HasFlag(ReadKeyOptions.NoEcho));
        var state = default(ControlKeyStates);
        if (key.Modifiers.HasFlag(ConsoleModifiers.Shift))
            state |= ControlKeyStates.ShiftPressed;
        if (key.Modifiers.HasFlag(ConsoleModifiers.Alt))
            state |= ControlKeyStates.LeftAltPressed;
        if (key.Modifiers.HasFlag(ConsoleModifiers.Control))
            state |= ControlKeyStates.LeftCtrlPressed;
        return new KeyInfo((int)key.Key, key.KeyChar, state, keyDown: true);
    }

    public override void FlushInputBuffer()
    {
        while (KeyAvailable)
            Console.ReadKey(intercept: true);
    }

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw NoScreenBuffer();

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw NoScreenBuffer();

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw NoScreenBuffer();

    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) =>
        throw NoScreenBuffer();

    private static HostException NoScreenBuffer() => new("This host has no screen buffer to read or change.");
}
