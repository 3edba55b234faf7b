using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MongoDB.Bson;
using MongoDB.Bson.Serialization;

namespace Nebula.Rotation.Integration.Tests.MongoDb.Wire;

/// <summary>
/// One client's connection: OP_MSG, and OP_QUERY for the first greeting (manual, "MongoDB Wire Protocol"). Who is logged in is looked up again for each
/// command, since a user may have changed or gone.
/// </summary>
internal sealed class WireConnection(WireNode node, TcpClient client, Stream stream, int number)
{
    private const int OpReply = 1;
    private const int OpQuery = 2004;
    private const int OpMsg = 2013;
    private const int MoreToCome = 2;
    private const int LongestMessage = 48_000_000;

    private readonly WireCommands _commands = new(node);
    private WireUser? _user;

    public int Number { get; } = number;

    public IPEndPoint Remote { get; } = (IPEndPoint)client.Client.RemoteEndPoint!;

    public string Application { get; set; } = "";

    public WireScram? Conversation { get; set; }

    public bool SkipsEmptyExchange { get; set; }

    public string? Active { get; private set; }

    /// <summary>Who is logged in, as the server knows that user now.</summary>
    public WireUser? User
    {
        get
        {
            if (_user is null)
                return null;
            var now = node.Find(_user.Db, _user.Name);
            if (now is null || now.Id != _user.Id || (!ReferenceEquals(now, _user) && !WireRestrictions.Allow(now, Remote.Address)))
                return _user = null;
            return _user = now;
        }
        set => _user = value;
    }

    /// <summary>Who logged in, without looking again: what an idle connection is listed with.</summary>
    public WireUser? Listed => _user;

    public void Close() => client.Close();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var header = new byte[16];
        while (true)
        {
            await stream.ReadExactlyAsync(header, cancellationToken);
            var (length, request, code) = (ReadInt(header, 0), ReadInt(header, 4), ReadInt(header, 12));
            if (length is < 16 or > LongestMessage || code is not (OpQuery or OpMsg))
                throw new InvalidDataException("No MongoDB message.");
            var body = new byte[length - 16];
            await stream.ReadExactlyAsync(body, cancellationToken);
            var (command, wantsReply) = code == OpMsg ? ParseMessage(body) : (ParseQuery(body), true);
            var name = command.GetElement(0).Name;
            node.Cluster.Log.Enqueue((Application, name));
            var fault = node.Cluster.Fault(node, command);
            if (fault == WireFault.BreaksBefore)
                throw new IOException("A fault of the test's.");
            if (fault == WireFault.StepsDown)
                node.Cluster.StepDown();
            Active = name;
            var reply = _commands.Run(this, command);
            Active = null;
            if (fault == WireFault.StepsDownAfter)
                node.Cluster.StepDown();
            if (fault is WireFault.BreaksAfter or WireFault.StepsDownAfter)
                throw new IOException("A fault of the test's.");
            if (wantsReply)
                await stream.WriteAsync(code == OpMsg ? ToMessage(reply, request) : ToReply(reply, request), cancellationToken);
        }
    }

    private static (BsonDocument Command, bool WantsReply) ParseMessage(byte[] body)
    {
        var flags = ReadInt(body, 0);
        var end = body.Length - ((flags & 1) != 0 ? 4 : 0);
        BsonDocument command = [];
        Dictionary<string, BsonArray> sequences = [];
        for (var at = 4; at < end;)
        {
            var kind = body[at++];
            var size = ReadInt(body, at);
            if (kind == 0)
            {
                command = Document(body, at, size);
            }
            else
            {
                var stop = Array.IndexOf(body, (byte)0, at + 4);
                var list = new BsonArray();
                for (var item = stop + 1; item < at + size; item += ReadInt(body, item))
                    list.Add(Document(body, item, ReadInt(body, item)));
                sequences[Encoding.UTF8.GetString(body, at + 4, stop - at - 4)] = list;
            }

            at += size;
        }

        foreach (var (name, list) in sequences)
            command[name] = list;
        return (command, (flags & MoreToCome) == 0);
    }

    private static BsonDocument ParseQuery(byte[] body)
    {
        // flags, "database.$cmd", how many to skip and to return, the command.
        var end = Array.IndexOf(body, (byte)0, 4);
        var query = Document(body, end + 9, ReadInt(body, end + 9));
        var command = query.Contains("$query") ? query["$query"].AsBsonDocument : query;
        command["$db"] = Encoding.UTF8.GetString(body, 4, end - 4).Split('.')[0];
        return command;
    }

    private static byte[] ToMessage(BsonDocument reply, int request)
    {
        var document = reply.ToBson();
        var message = new byte[16 + 5 + document.Length];
        Header(message, request, OpMsg);
        document.CopyTo(message, 21);
        return message;
    }

    private static byte[] ToReply(BsonDocument reply, int request)
    {
        var document = reply.ToBson();
        var message = new byte[16 + 20 + document.Length];
        Header(message, request, OpReply);
        // Await capable; one document.
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(16), 8);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(32), 1);
        document.CopyTo(message, 36);
        return message;
    }

    private static void Header(byte[] message, int request, int code)
    {
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(8), request);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(12), code);
    }

    private static BsonDocument Document(byte[] body, int at, int size) => BsonSerializer.Deserialize<BsonDocument>(body[at..(at + size)]);

    private static int ReadInt(byte[] bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));
}
