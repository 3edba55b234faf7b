using System.Buffers.Binary;

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>Finds the messages in one direction of a connection with PostgreSQL: a type, a length that counts itself, a body. A client's first one has no type.</summary>
internal sealed class ProtocolMessages(bool startsUntyped, ProtocolMessages.Seen seen)
{
    private const int Kept = 16;

    private readonly byte[] _header = new byte[5];
    private readonly byte[] _body = new byte[Kept];
    private int _headerLength = startsUntyped ? 1 : 0;
    private int _bodyLength;
    private int _left;

    /// <summary>A message has gone by whole.</summary>
    /// <param name="type">Its type; zero for the first of a client.</param>
    /// <param name="start">The beginning of its body.</param>
    public delegate void Seen(char type, ReadOnlySpan<byte> start);

    public void Read(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_headerLength < _header.Length)
            {
                _header[_headerLength++] = bytes[0];
                bytes = bytes[1..];
                if (_headerLength == _header.Length)
                    _left = BinaryPrimitives.ReadInt32BigEndian(_header.AsSpan(1)) - sizeof(int);
            }
            else
            {
                var part = bytes[..Math.Min(_left, bytes.Length)];
                var kept = part[..Math.Min(part.Length, Kept - _bodyLength)];
                kept.CopyTo(_body.AsSpan(_bodyLength));
                (_bodyLength, _left) = (_bodyLength + kept.Length, _left - part.Length);
                bytes = bytes[part.Length..];
            }

            if (_headerLength == _header.Length && _left == 0)
            {
                seen((char)_header[0], _body.AsSpan(0, _bodyLength));
                (_headerLength, _bodyLength) = (0, 0);
            }
        }
    }
}
