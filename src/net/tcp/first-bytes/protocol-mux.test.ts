import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { rootContext } from '../../../concurrency/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { anything, http1, http2Preface, type Matcher, magic } from './matcher.ts';
import { protocolMux } from './protocol-mux.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const inTime = { timeout: 30_000 };

describe('a protocol mux', inTime, () => {
  test('hands a connection over with all its bytes, also when they come one by one', async () => {
    await using fixture = await muxed();
    const client = await fixture.connect();

    for (const byte of `${preface}tail`) client.write(byte);
    client.end();

    const { name, socket } = await fixture.handled.promise;
    assert.equal(name, 'http2');
    assert.equal(await textOf(socket), `${preface}tail`);
    assert.equal(fixture.clock.pending, 0);
  });

  test('hands over what came in one piece with its end', async () => {
    await using fixture = await muxed();
    const client = await fixture.connect();

    client.end('GET / HTTP/1.1\r\n\r\n');

    const { name, socket } = await fixture.handled.promise;
    assert.equal(name, 'http1');
    assert.equal(await textOf(socket), 'GET / HTTP/1.1\r\n\r\n');
  });

  test('leaves a connection to its new owner, paused or not', async () => {
    await using fixture = await muxed();
    const client = await fixture.connect();
    client.write('ROOM 1');

    const { socket } = await fixture.handled.promise;
    const read: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => read.push(chunk));
    socket.pause();
    client.write(' 2');
    await fixture.turns();
    assert.deepEqual(read, []);
    socket.resume();
    while (String(Buffer.concat(read)) !== 'ROOM 1 2') await once(socket, 'data');
  });

  test('closes a connection that stays silent, or stops in the middle', async () => {
    for (const text of ['', 'PRI']) {
      await using fixture = await muxed();
      const client = await fixture.connect();
      const closed = once(client, 'close');
      if (text !== '') await new Promise<void>((resolve) => client.write(text, () => resolve()));

      await fixture.clock.advance(1_000);

      await closed;
      assert.equal(fixture.mux.pending, 0);
      assert.equal(fixture.clock.pending, 0);
    }
  });

  test('closes a connection that ends before it has said enough', async () => {
    await using fixture = await muxed();
    const client = await fixture.connect();

    client.end('PRI');

    await once(client.resume(), 'close');
    assert.deepEqual([fixture.mux.pending, fixture.mux.connections, fixture.clock.pending], [0, 0, 0]);
  });

  test('waits no more for a connection that was reset', async () => {
    await using fixture = await muxed();
    const client = await fixture.connect();

    client.resetAndDestroy();
    await new Promise((resolve) => fixture.accepted[0]?.once('close', resolve));

    assert.deepEqual([fixture.mux.pending, fixture.mux.connections, fixture.clock.pending], [0, 0, 0]);
  });

  test('closes a connection that speaks nothing it knows', async () => {
    await using fixture = await muxed();
    const client = await fixture.connect();

    client.write('\0');

    await once(client.resume(), 'close');
    assert.equal(fixture.mux.connections, 0);
  });

  test('closes a connection whose matchers never have enough', async () => {
    await using fixture = await muxed({ insatiable: () => 'more' });
    const client = await fixture.connect();

    client.write('x'.repeat(63));
    await fixture.turns();
    assert.equal(fixture.mux.pending, 1);
    client.write('x');

    await once(client.resume(), 'close');
  });

  test('closes connections beyond the limit at once, and counts those that were handed on', async () => {
    await using fixture = await muxed(undefined, 1);
    const first = await fixture.connect();
    first.write('ROOM');
    await fixture.handled.promise;

    const second = await fixture.connect();
    await once(second, 'close');

    assert.equal(first.destroyed, false);
    assert.deepEqual([fixture.mux.connections, fixture.mux.pending], [1, 0]);
  });

  test('closes the undecided ones when it closes', async () => {
    await using fixture = await muxed();
    const client = await fixture.connect();
    const closed = once(client, 'close');

    fixture.mux.close();

    await closed;
  });

  test('does not count a connection that is gone already', async () => {
    await using fixture = await muxed();
    const client = await fixture.connect();
    client.destroy();
    const [socket] = fixture.accepted;
    await once(socket!, 'close');

    fixture.mux.accept(socket!);

    assert.deepEqual([fixture.mux.connections, fixture.mux.pending, fixture.clock.pending], [0, 0, 0]);
  });

  test('refuses options out of their range', () => {
    const ctx = rootContext(virtualClock());
    const protocols = [{ match: anything, handle: () => {} }];

    assert.throws(() => protocolMux(ctx, { protocols: [] }), RangeError);
    assert.throws(() => protocolMux(ctx, { protocols, timeoutMs: 0 }), RangeError);
    assert.throws(() => protocolMux(ctx, { protocols, maxConnections: Number.NaN }), RangeError);
  });
});

async function muxed(
  matchers: Readonly<Record<string, Matcher>> = { http2: http2Preface, room: magic('ROOM'), http1 },
  maxConnections = 10,
) {
  const clock = virtualClock();
  const handled = Promise.withResolvers<{ name: string; socket: Socket }>();
  const accepted: Socket[] = [];
  const clients: Socket[] = [];
  const protocols = Object.entries(matchers).map(([name, match]) => ({
    match,
    handle(socket: Socket) {
      socket.on('error', () => {});
      handled.resolve({ name, socket });
    },
  }));
  const mux = protocolMux(rootContext(clock), { protocols, timeoutMs: 1_000, maxConnections, maxFirstBytes: 64 });
  const server = createServer((socket) => {
    accepted.push(socket);
    mux.accept(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    clock,
    mux,
    handled,
    accepted,
    async connect(): Promise<Socket> {
      const arrived = once(server, 'connection');
      const client = connect(port, '127.0.0.1').setNoDelay(true);
      client.on('error', () => {});
      clients.push(client);
      await arrived;
      return client;
    },
    /** Some turns of the loop, for what must not happen. */
    async turns(): Promise<void> {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...clients, ...accepted]) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(socket: Socket): Promise<string> {
  return Buffer.concat(await Array.fromAsync(socket as AsyncIterable<Buffer>)).toString('latin1');
}
