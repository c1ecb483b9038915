import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { eventually, turns } from './testdata/served.ts';
import { Wire } from './wire.ts';

describe('a wire', { timeout: 30_000 }, () => {
  const pieces: [name: string, piece: string | Uint8Array][] = [
    ['text', 'x'.repeat(10_000)],
    ['bytes', Buffer.alloc(10_000, 'x')],
  ];
  for (const [name, piece] of pieces) {
    test(`tells once that everything was taken, after it was full: ${name}`, async () => {
      await using fixture = await wired();
      const { peer, wire, drains } = fixture;
      peer.pause();
      let written = 0;
      for (let hasRoom = true; hasRoom; written++) {
        hasRoom = wire.write(piece);
        await turns(1);
      }

      let read = 0;
      peer.on('data', (chunk) => {
        read += chunk.length;
      });
      peer.resume();

      await eventually(() => read === written * 10_000 && drains.length > 0);
      await turns();
      assert.deepEqual(drains, [0]);
      assert.equal(wire.takenBytes, read);
    });
  }

  for (const size of [1_000, 10_000, 500_000]) {
    test(`tells it of what was sent at once, in pieces of ${size} bytes, whenever it was full`, async () => {
      await using fixture = await wired();
      const { peer, wire, drains } = fixture;
      let read = 0;
      peer.on('data', (chunk) => {
        read += chunk.length;
      });
      let sent = 0;
      for (let round = 1; round <= 3; round++) {
        peer.pause();
        for (let hasRoom = true; hasRoom; sent++) {
          hasRoom = wire.send(Buffer.alloc(size));
          if (sent % 100 === 0) await turns(1);
        }
        peer.resume();

        await eventually(() => drains.length === round);
        assert.equal(wire.pendingBytes, 0);
      }
      await eventually(() => read === sent * size);
    });
  }

  test('does not tell so when the connection breaks', async () => {
    await using fixture = await wired();
    const { peer, wire, drains, closed } = fixture;
    peer.pause();
    while (wire.write('x'.repeat(10_000))) await turns(1);

    peer.resetAndDestroy();
    await closed;

    assert.deepEqual(drains, []);
  });
});

async function wired() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const peer = connect(port, '127.0.0.1').on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  /** What waited each time that it was said that nothing does. */
  const drains: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const wire: Wire = new Wire(socket, {
    onBytes() {},
    onEnd() {},
    onClose: () => resolve(),
    onDrain: () => void drains.push(wire.pendingBytes),
  });
  wire.start();
  return {
    peer,
    wire,
    drains,
    closed: promise,
    async [Symbol.asyncDispose]() {
      peer.destroy();
      socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
