"""The other side of websocket.test.ts, on Debian's python3-websockets: `serve PORT COMPRESSION` or `talk URL COMPRESSION`."""

import asyncio
import random
import sys

import websockets

LIMIT = 4 * 1024 * 1024


def messages():
    sizes = [0, 1, 60, 125, 126, 127, 1024, 4096, 65535, 65536, 300000]
    letters = ["a", "é", "€", "中", "𝄞", "\0", "\ufeff"]
    seed = random.randrange(1000000)
    print("seed", seed, flush=True)
    some = random.Random(seed)
    yield from ("x" * size for size in sizes)
    yield from (b"\xfe" * size for size in sizes)
    yield from (letter * 700 for letter in letters)
    for _ in range(60):
        size = some.randrange(5000)
        if some.random() < 0.5:
            yield "".join(some.choice(letters) for _ in range(size))
        else:
            yield bytes(some.randrange(256) for _ in range(size))


async def answer(ws, path):
    if path == "/close":
        await ws.close(4000, "as asked é")
        return
    if path == "/fragments":
        await ws.send(["one,", "two,", "three"])
        await (await ws.ping(b"now"))
        await ws.send("pong came")
    async for message in ws:
        await ws.send(message)


async def serve(port, compression):
    async with websockets.serve(
        answer, "127.0.0.1", port, compression=compression, max_size=LIMIT, subprotocols=["b", "a"]
    ):
        await asyncio.Future()


async def talk(url, compression):
    options = {"compression": compression, "max_size": LIMIT}
    async with websockets.connect(url, subprotocols=["x", "a"], **options) as ws:
        assert ws.subprotocol == "a", ws.subprotocol
        for index, message in enumerate(messages()):
            await ws.send(message)
            heard = await ws.recv()
            assert heard == message, f"message {index} came back changed"
        await ws.send(["one,", "two,", "three"])
        assert await ws.recv() == "one,two,three"
        await asyncio.wait_for(await ws.ping(b"are you there"), 10)
        await ws.close(4001, "bye é")
        assert (ws.close_code, ws.close_reason) == (4001, ""), (ws.close_code, ws.close_reason)
    async with websockets.connect(url, **options) as ws:
        await ws.send("close me")
        try:
            await ws.recv()
            raise AssertionError("it was not closed")
        except websockets.ConnectionClosed:
            assert (ws.close_code, ws.close_reason) == (4002, "as asked é"), (ws.close_code, ws.close_reason)
    print("all is well", flush=True)


def main():
    role, where, compression = sys.argv[1:]
    chosen = None if compression == "none" else compression
    asyncio.run(serve(int(where), chosen) if role == "serve" else talk(where, chosen))


main()
