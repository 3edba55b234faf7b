using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Nebula.Rotation.Engine.Reporting;

/// <summary>
/// Writes a page. What stands in the source is markup, what stands in a hole of it is text and is encoded, in an attribute too.
/// Every attribute's value stands in double quotes.
/// </summary>
internal sealed class Html
{
    // Letters of every script stay readable; what can begin markup or end an attribute never stays.
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private readonly StringBuilder _text = new();

    /// <summary>Writes markup with text in it.</summary>
    public Html Write([InterpolatedStringHandlerArgument("")] Markup markup)
    {
        // It was written while it was put together.
        _ = markup;
        return this;
    }

    /// <summary>A name, kept apart from the text around it: it may be written from right to left, or turn the direction.</summary>
    public Html Name(string name) => Write($"<bdi>{name}</bdi>");

    /// <summary>A time as people read it and as programs do.</summary>
    public Html Time(DateTimeOffset time) => Write($"<time datetime=\"{time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}\">{ReportText.Time(time)}</time>");

    /// <summary>The page's own style, the one text that is not encoded: an element of style has no entities.</summary>
    public Html Style(string ownStyle)
    {
        _text.Append(ownStyle);
        return this;
    }

    public override string ToString() => _text.ToString();

    /// <summary>Takes an interpolated string apart: literals are markup, holes are text.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Markup
    {
        public Markup(int literalLength, int formattedCount, Html target)
        {
            Target = target;
            target._text.EnsureCapacity(target._text.Length + literalLength + (16 * formattedCount));
        }

        public Html Target { get; }

        public void AppendLiteral(string markup) => Target._text.Append(markup);

        public void AppendFormatted(string? text)
        {
            if (!string.IsNullOrEmpty(text))
                Target._text.Append(Encoder.Encode(text));
        }

        public void AppendFormatted(int number) => Target._text.Append(CultureInfo.InvariantCulture, $"{number}");

        public void AppendFormatted(long number) => Target._text.Append(CultureInfo.InvariantCulture, $"{number}");

        public void AppendFormatted(double number) => Target._text.Append(CultureInfo.InvariantCulture, $"{number:0.##}");
    }
}
