"""The other side of python-grpc.test.ts, on Debian's python3-grpcio: `serve DESCRIPTORS gzip|plain` or `talk DESCRIPTORS ADDRESS PART`.

DESCRIPTORS is a file with a google.protobuf.FileDescriptorSet. The service is RoomService of flotilla.test.v1, which does what
the `id` of a request (or the first text) says: see test/conformance/rpc/testee.ts.
"""

import sys
import threading
import urllib.parse
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOM = "flotilla.test.v1.RoomService"
LIMIT = 8 * 1024 * 1024
CLOSED = "room “7” is closed: 100 % 中"

files = descriptor_pb2.FileDescriptorSet()
with open(sys.argv[2], "rb") as descriptors:
    files.ParseFromString(descriptors.read())
pool = descriptor_pool.DescriptorPool()
for file in files.file:
    pool.Add(file)
factory = message_factory.MessageFactory(pool)


def message(name):
    return factory.GetPrototype(pool.FindMessageTypeByName(name))


def room(name):
    return message("flotilla.test.v1." + name)


def closed_status():
    metadata = {"id": "7", "title": "Zürich 中"}
    info = message("google.rpc.ErrorInfo")(reason="ROOM_CLOSED", domain="live.room", metadata=metadata)
    status = message("google.rpc.Status")(code=9, message=CLOSED)
    status.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=info.SerializeToString())
    return status


def say(text):
    print(text, flush=True)


def fail_closed(context):
    context.set_trailing_metadata((("grpc-status-details-bin", closed_status().SerializeToString()),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, CLOSED)


def hang(context):
    ended = threading.Event()
    context.add_callback(ended.set)
    say("started")
    ended.wait(60)
    say("ended")


def fields(context):
    headers = dict(context.invocation_metadata())
    tenant = urllib.parse.unquote(headers.get("flotilla-tenant", ""))
    trace = headers.get("traceparent", "--").split("-")[1]
    shelf = headers.get("baggage", "").replace("shelf=", "").split(",")[0]
    return " ".join([tenant, headers.get("flotilla-priority", ""), trace, shelf])


def tell_all(context):
    sent = dict(context.invocation_metadata())
    key, raw = sent.get("x-key", ""), sent.get("x-raw-bin", b"")
    context.send_initial_metadata((("x-head", key), ("x-head-bin", raw)))
    context.set_trailing_metadata((("x-tail", key), ("x-tail-bin", raw)))


def get_room(request, context):
    if request.id.startswith("metadata"):
        tell_all(context)
    if request.id == "metadata of an error":
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, CLOSED)
    answer = room("GetRoomResponse")()
    if request.id.startswith("code "):
        number = int(request.id[5:])
        code = next(code for code in grpc.StatusCode if code.value[0] == number)
        context.abort(code, f"the status {number}")
    if request.id == "closed":
        fail_closed(context)
    if request.id == "hang":
        hang(context)
    elif request.id == "fields":
        answer.room.title = fields(context)
    elif request.id == "left":
        answer.room.title = str(context.time_remaining() * 1000)
    elif request.id != "empty":
        answer.room.id = request.id
        answer.room.title = request.house
        answer.room.SetInParent()
        answer.padding = request.padding
    return answer


def watch_room(request, context):
    if request.id.startswith("metadata"):
        tell_all(context)
    for number in range(1, request.count + 1):
        yield room("WatchRoomResponse")(number=0 if request.id == "empty" else number)
    if request.id == "metadata of an error":
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, CLOSED)
    if request.id == "closed":
        fail_closed(context)
    if request.id == "hang":
        hang(context)


def upload_messages(requests, context):
    texts = [request.text for request in requests]
    return room("UploadMessagesResponse")(count=len(texts), last=texts[-1] if texts else "")


def chat(requests, context):
    held = []
    for request in requests:
        if held or request.text == "hold":
            held.append(request.text)
        else:
            yield room("ChatResponse")(text=request.text.upper())
        if request.text == "leave":
            return
    for text in held:
        yield room("ChatResponse")(text=text)


METHODS = {
    "GetRoom": (grpc.unary_unary_rpc_method_handler, get_room, "unary_unary"),
    "WatchRoom": (grpc.unary_stream_rpc_method_handler, watch_room, "unary_stream"),
    "UploadMessages": (grpc.stream_unary_rpc_method_handler, upload_messages, "stream_unary"),
    "Chat": (grpc.stream_stream_rpc_method_handler, chat, "stream_stream"),
}


def serve():
    handlers = {
        name: make(work, room(name + "Request").FromString, lambda answer: answer.SerializeToString())
        for name, (make, work, _) in METHODS.items()
    }
    compression = grpc.Compression.Gzip if sys.argv[3] == "gzip" else None
    server = grpc.server(futures.ThreadPoolExecutor(16), compression=compression)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(ROOM, handlers),))
    say(f"port {server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    server.wait_for_termination()


class Client:
    """A method per method of RoomService."""

    def __init__(self, channel):
        self.channel = channel

    def __getattr__(self, name):
        _, _, kind = METHODS[name]
        return self.method(kind, f"/{ROOM}/{name}", room(name + "Response"))

    def method(self, kind, path, answer):
        return getattr(self.channel, kind)(path, lambda request: request.SerializeToString(), answer.FromString)


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call did not fail")


def talk_calls(client):
    ask = room("GetRoomRequest")
    padding = bytes(range(250)) * 10000
    answer = client.GetRoom(ask(id="7", house="é", padding=padding))
    assert (answer.room.id, answer.room.title) == ("7", "é") and answer.padding == padding
    answer = client.GetRoom(ask(id="7", house="long " * 2000), compression=grpc.Compression.Gzip)
    assert answer.room.title == "long " * 2000
    assert not client.GetRoom(ask(id="empty")).HasField("room")
    numbers = [each.number for each in client.WatchRoom(room("WatchRoomRequest")(count=50))]
    assert numbers == list(range(1, 51)), numbers
    texts = [room("UploadMessagesRequest")(text=text) for text in ("a", "b", "c")]
    uploaded = client.UploadMessages(iter(texts))
    assert (uploaded.count, uploaded.last) == (3, "c")
    chats = [room("ChatRequest")(text=text) for text in ("a", "hold", "b")]
    assert [each.text for each in client.Chat(iter(chats))] == ["A", "hold", "b"]
    trace = "0af7651916cd43dd8448eb211c80319c"
    metadata = (
        ("traceparent", f"00-{trace}-b7ad6b7169203331-01"),
        ("baggage", "shelf=12"),
        ("flotilla-tenant", urllib.parse.quote("Zürich")),
        ("flotilla-priority", "critical"),
    )
    answer = client.GetRoom(ask(id="fields"), metadata=metadata)
    assert answer.room.title == f"Zürich critical {trace} 12", answer.room.title


def talk_errors(client):
    ask = room("GetRoomRequest")
    for number in range(1, 17):
        error = failure(lambda: client.GetRoom(ask(id=f"code {number}")))
        assert (error.code().value[0], error.details()) == (number, f"the status {number}"), error
    for call in (
        lambda: client.GetRoom(ask(id="closed")),
        lambda: list(client.WatchRoom(room("WatchRoomRequest")(id="closed", count=2))),
    ):
        error = failure(call)
        assert (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, CLOSED), error
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = message("google.rpc.Status").FromString(details)
        assert status == closed_status(), status
    nope = client.method("unary_unary", f"/{ROOM}/Nope", room("GetRoomResponse"))
    assert failure(lambda: nope(ask())).code() == grpc.StatusCode.UNIMPLEMENTED
    large = failure(lambda: client.GetRoom(ask(padding=bytes(5_000_000))))
    assert large.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, large


def metadata_of(pairs, name):
    found = dict(pairs)
    return found.get(name), found.get(name + "-bin")


def talk_metadata(client):
    raw = bytes([0, 1, 2, 250, 251, 255, 254])
    sent = (("x-key", "a, b"), ("x-raw-bin", raw))
    ask = room("GetRoomRequest")
    _, call = client.GetRoom.with_call(ask(id="metadata"), metadata=sent)
    assert metadata_of(call.initial_metadata(), "x-head") == ("a, b", raw), call.initial_metadata()
    assert metadata_of(call.trailing_metadata(), "x-tail") == ("a, b", raw), call.trailing_metadata()
    stream = client.WatchRoom(room("WatchRoomRequest")(id="metadata", count=2), metadata=sent)
    assert metadata_of(stream.initial_metadata(), "x-head") == ("a, b", raw)
    assert len(list(stream)) == 2
    assert metadata_of(stream.trailing_metadata(), "x-tail") == ("a, b", raw)
    error = failure(lambda: client.GetRoom(ask(id="metadata of an error"), metadata=sent))
    assert metadata_of(error.initial_metadata(), "x-head") == ("a, b", raw), error.initial_metadata()
    assert metadata_of(error.trailing_metadata(), "x-tail") == ("a, b", raw), error.trailing_metadata()


def talk_deadline(client):
    ask = room("GetRoomRequest")
    left = float(client.GetRoom(ask(id="left"), timeout=30).room.title)
    assert 10_000 < left <= 30_000, left
    assert failure(lambda: client.GetRoom(ask(id="hang"), timeout=0.2)).code() == grpc.StatusCode.DEADLINE_EXCEEDED


def talk_cancel(client):
    stream = client.WatchRoom(room("WatchRoomRequest")(id="hang", count=1))
    assert next(stream).number == 1
    stream.cancel()
    assert stream.code() == grpc.StatusCode.CANCELLED


def add_with_imports(fresh, found, name):
    """In the pool there is no file before those that it imports."""
    if name not in found:
        return
    file = found.pop(name)
    for imported in file.dependency:
        add_with_imports(fresh, found, imported)
    fresh.Add(file)


def talk_standard(client):
    health = client.method("unary_unary", "/grpc.health.v1.Health/Check", message("grpc.health.v1.HealthCheckResponse"))
    ask = message("grpc.health.v1.HealthCheckRequest")
    assert health(ask()).status == 1 and health(ask(service=ROOM)).status == 1
    assert failure(lambda: health(ask(service="live.Nope"))).code() == grpc.StatusCode.NOT_FOUND
    prefix = "grpc.reflection.v1alpha."
    reflect = client.method(
        "stream_stream",
        f"/{prefix}ServerReflection/ServerReflectionInfo",
        message(prefix + "ServerReflectionResponse"),
    )
    request = message(prefix + "ServerReflectionRequest")
    asked = [request(list_services=""), request(file_containing_symbol=ROOM)]
    services, described = reflect(iter(asked))
    assert ROOM in [service.name for service in services.list_services_response.service]
    answers = described.file_descriptor_response.file_descriptor_proto
    found = [descriptor_pb2.FileDescriptorProto.FromString(answer) for answer in answers]
    fresh = descriptor_pool.DescriptorPool()
    add_with_imports(fresh, {file.name: file for file in found}, found[0].name)
    methods = fresh.FindServiceByName(ROOM).methods_by_name
    assert set(METHODS) < set(methods), list(methods)
    options = methods["GetRoom"].GetOptions()
    assert options.idempotency_level == 1, options


def talk():
    options = [("grpc.max_receive_message_length", LIMIT), ("grpc.max_send_message_length", LIMIT)]
    with grpc.insecure_channel(sys.argv[3], options) as channel:
        globals()["talk_" + sys.argv[4]](Client(channel))
    say("all is well")


{"serve": serve, "talk": talk}[sys.argv[1]]()
