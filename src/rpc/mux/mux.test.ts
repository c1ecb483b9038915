import assert from 'node:assert/strict';
import { connect as connectSocket } from 'node:net';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fieldsOf, setHeaders, setTrailers, transportOf, withFields } from '../../call/index.ts';
import { rootContext } from '../../concurrency/index.ts';
import type { Instance, Resolver } from '../../discovery/index.ts';
import { tcpListener } from '../../net/tcp/index.ts';
import { authority, noOpenssl } from '../../net/tcp/testdata/certificates.ts';
import { virtualClock } from '../../testing/index.ts';
import { createRpcClient, type RpcClientOptions } from '../client.ts';
import { hanging, inTime, root } from '../testdata/calls.ts';
import { type FixtureOptions, networkFixture } from '../testdata/fixture.ts';
import { RoomService } from '../testdata/gen/flotilla/test/v1/room_pb.ts';
import { tcpServer } from '../testdata/tcp-server.ts';
import { frame } from './engines.fixture.ts';
import { flags, frames, preface, version } from './protocol.ts';
import { encodeSettings } from './settings.ts';

const mux = { protocol: 'mux' } as const;
const muxFixture = (options: FixtureOptions = {}) =>
  networkFixture({ ...options, client: { ...mux, ...options.client } });

describe('the protocol of a client', inTime, () => {
  /** How the call came, by what the server knows of its connection. */
  const protocols = async (endpoints: (url: string) => Record<string, string>): Promise<string[]> => {
    await using counted = await countedServer();
    using client = createRpcClient(RoomService, { target: 'room', resolver: resolverOf(endpoints(counted.url)) });
    await client.getRoom(root, {});
    return counted.firstBytes;
  };

  test('is mux by default where the node offers it', async () => {
    assert.deepEqual(await protocols((url) => ({ rpc: url, mux: url })), ['\0flo']);
  });

  test('is HTTP/2, at first, where it does not: see mux-upgrades.test.ts', async () => {
    const [first] = await protocols((url) => ({ rpc: url }));
    assert.equal(first, 'PRI ');
  });
});

describe('a mux connection', inTime, () => {
  test('carries many calls at a time, and knows its peer', async () => {
    const seen = new Set<string | undefined>();
    await using counted = await countedServer({
      server: { guard: false },
      handlers: {
        async getRoom(ctx, { id }) {
          seen.add(transportOf(ctx)?.address);
          return { room: { id } };
        },
      },
    });
    using client = createRpcClient(RoomService, clientOf(counted.url));

    const rooms = await Promise.all(Array.from({ length: 500 }, (_, id) => client.getRoom(root, { id: String(id) })));

    assert.deepEqual(
      rooms.map(({ room }) => room?.id),
      Array.from({ length: 500 }, (_, id) => String(id)),
    );
    assert.equal(counted.firstBytes.length, 1);
    assert.deepEqual([...seen], ['127.0.0.1']);
  });

  test('carries messages larger than its windows, both ways', async () => {
    await using fixture = await muxFixture();
    const title = 'ü'.repeat(1_900_000);

    const { room } = await fixture.client.createRoom(root, { room: { id: '1', title } });

    assert.equal(room?.title, title);
  });

  test('goes on while a reader is slow: its stream waits alone', async () => {
    let sent = 0;
    await using fixture = await muxFixture({
      handlers: {
        async *watchRoom() {
          for (; sent < 1_000; sent++) yield { text: 'x'.repeat(10_000) };
        },
      },
    });
    const slow = fixture.client.watchRoom(root, {})[Symbol.asyncIterator]();
    await slow.next();

    for (let count = 0; count < 200; count++) await fixture.client.getRoom(root, {});

    assert.ok(sent < 40, `${sent} messages were sent ahead of their reader`);
    let read = 1;
    while ((await slow.next()).done !== true) read++;
    assert.equal(read, 1_000);
  });

  test('is made anew where the others are full, up to the limit', async () => {
    const release = Promise.withResolvers<void>();
    const all = Promise.withResolvers<void>();
    let running = 0;
    await using counted = await countedServer({
      server: { maxConcurrentStreams: 2 },
      handlers: {
        async getRoom() {
          if (++running === 4) all.resolve();
          await release.promise;
          return {};
        },
      },
    });
    using client = createRpcClient(RoomService, { ...clientOf(counted.url), maxConnections: 2 });

    const four = Promise.all([1, 2, 3, 4].map(() => client.getRoom(root, {})));
    await all.promise;

    await assert.rejects(client.getRoom(root, {}), { code: 'resource_exhausted', reason: 'TOO_MANY_CALLS' });
    release.resolve();
    await four;
    assert.equal(counted.firstBytes.length, 2);
  });

  test('is closed when it has been idle, and made anew', async () => {
    await using counted = await countedServer();
    using client = createRpcClient(RoomService, { ...clientOf(counted.url), idleTimeoutMs: 10 });

    await client.getRoom(root, {});
    await counted.whenClosed(1);
    await client.getRoom(root, {});

    assert.equal(counted.firstBytes.length, 2);
  });

  test('takes every call back from a node that does not answer in time', async () => {
    await using silent = await tcpServer(() => {});
    using client = createRpcClient(RoomService, { ...clientOf(silent.url), connectTimeoutMs: 20 });

    await assert.rejects(client.getRoom(root, {}), {
      reason: 'CONNECT_FAILED',
      message: /did not answer within 20 ms/,
    });
  });

  test('cannot be made to a server that speaks something else', async () => {
    await using other = await tcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    using client = createRpcClient(RoomService, clientOf(other.url));

    await assert.rejects(client.getRoom(root, {}), { reason: 'CONNECT_FAILED' });
  });

  test('that is lost fails its calls, which may have run', async () => {
    const started = Promise.withResolvers<void>();
    await using fixture = await muxFixture({
      client: { guard: false },
      handlers: hanging(undefined, started.resolve),
    });

    const lost = assert.rejects(fixture.client.getRoom(root, {}), { reason: 'CONNECTION_LOST' });
    await started.promise;
    await fixture.stop(root.withTimeout(0));

    await lost;
  });

  test('refuses fields that are too large, and lives on', async () => {
    await using fixture = await muxFixture({ server: { maxHeaderBytes: 100 } });
    const baggage = new Map([['k', 'x'.repeat(200)]]);

    await assert.rejects(fixture.client.getRoom(withFields(root, { baggage }), {}), { reason: 'MESSAGE_TOO_LARGE' });

    assert.deepEqual((await fixture.client.getRoom(root, { id: '7' })).room?.id, '7');
  });
});

describe('a drain', inTime, () => {
  test('loses no call and repeats none, whatever is on its way', async () => {
    const attempts: number[] = [];
    let handled = 0;
    const handlers = {
      async getRoom(ctx: Parameters<typeof fieldsOf>[0]) {
        handled++;
        attempts.push(fieldsOf(ctx).attempt);
        return {};
      },
    };
    const first = await networkFixture({ handlers, server: { guard: false } });
    await using second = await networkFixture({ handlers, server: { guard: false } });
    let urls = [first.url, second.url];
    let turn = 0;
    const resolver = pickingResolver(() => ({ mux: urls[turn++ % urls.length]! }));
    using client = createRpcClient(RoomService, { target: 'room', resolver });
    let called = 0;
    let goesOn = true;
    const caller = async () => {
      for (; goesOn; called++) await client.getRoom(root, {});
    };

    const callers = Array.from({ length: 32 }, caller);
    while (called < 500) await new Promise((resolve) => setImmediate(resolve));
    urls = [second.url];
    await first.stop(root);
    const before = called;
    while (called < before + 500) await new Promise((resolve) => setImmediate(resolve));
    goesOn = false;
    await Promise.all(callers);

    assert.equal(handled, called);
    assert.deepEqual([...new Set(attempts)], [0]);
    await first[Symbol.asyncDispose]();
  });
});

describe('a message that is compressed', inTime, () => {
  const title = 'all the same '.repeat(5_000);

  test('arrives as it was, both ways, in few bytes', async () => {
    await using counted = await countedServer({ server: { compressMinBytes: 1_000 } });
    using client = createRpcClient(RoomService, { ...clientOf(counted.url), compressMinBytes: 1_000 });

    const { room } = await client.createRoom(root, { room: { id: '1', title } });

    assert.equal(room?.title, title);
    assert.ok(counted.bytes() < 10_000, `${counted.bytes()} bytes`);
  });

  test('is inflated no further than the limit', async () => {
    await using fixture = await networkFixture({ server: { maxMessageBytes: 100_000 } });
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const method = frame(frames.method, 0, 0, [0, 0, ...Buffer.from('/flotilla.test.v1.RoomService/GetRoom')]);
    const call = frame(frames.call, flags.message | flags.end | flags.compressed, 1, [0, 0, 0, 0, ...bomb]);

    const answer = await said(fixture.url, [opening, method, call], (bytes) => bytes.includes('MESSAGE_TOO_LARGE'));

    assert.ok(answer.includes('larger than the limit of 100000 bytes'));
  });
});

describe('a server', inTime, () => {
  test('tells a client that does not keep to the protocol, and closes', async () => {
    await using fixture = await networkFixture();

    const answer = await said(fixture.url, [opening, frame(frames.answer, 0, 1)], (bytes) => bytes.includes('answers'));

    assert.ok(answer.includes(frame(frames.goAway, 0, 0).subarray(3, 9)));
  });

  test('answers a call of a method that it does not know', async () => {
    await using fixture = await networkFixture();
    const method = frame(frames.method, 0, 0, [0, 0, ...Buffer.from('/no.Service/Method')]);

    const answer = await said(
      fixture.url,
      [opening, method, frame(frames.call, flags.message | flags.end, 1, [0, 0, 0, 0])],
      (bytes) => bytes.includes('METHOD_NOT_FOUND'),
    );

    assert.ok(answer.includes('no method "/no.Service/Method"'));
  });

  test('holds no permit for an answer that its caller does not take', async () => {
    let [admitted, done] = [0, 0];
    const ended = Promise.withResolvers<void>();
    await using fixture = await networkFixture({
      server: {
        guard: false,
        admit() {
          admitted++;
          return { admitted: true, done: () => void (++done === 1 && ended.resolve()) };
        },
      },
      handlers: { getRoom: async () => ({ room: { title: 'x'.repeat(10_000) } }) },
    });
    const narrow = frame(frames.settings, 0, 0, encodeSettings({ ...openingSettings, streamWindow: 64 }));
    const method = frame(frames.method, 0, 0, [0, 0, ...Buffer.from('/flotilla.test.v1.RoomService/GetRoom')]);
    const call = frame(frames.call, flags.message | flags.end, 1, [0, 0, 0, 1, 0, 0, 0, 50]);

    const answer = await said(fixture.url, [Buffer.from(preface), narrow, method, call], (bytes) =>
      bytes.includes('context deadline exceeded'),
    );

    await ended.promise;
    assert.ok(answer.length < 10_000);
    assert.deepEqual([admitted, done], [1, 1]);
  });

  test('asks a client for a sign of life while a call runs, and then cuts it', async () => {
    const clock = virtualClock();
    const [started, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using fixture = await networkFixture({
      ctx: rootContext(clock),
      service: { timeoutMs: 0 },
      server: { keepAliveMs: 1_000 },
      handlers: hanging(() => ended.resolve(), started.resolve),
    });
    const method = frame(frames.method, 0, 0, [0, 0, ...Buffer.from('/flotilla.test.v1.RoomService/GetRoom')]);
    const call = frame(frames.call, flags.message | flags.end, 1, [0, 0, 0, 0]);
    const heard = said(fixture.url, [opening, method, call], () => false);
    await started.promise;

    await clock.advance(1_000);
    await clock.advance(1_000);

    await ended.promise;
    assert.ok((await heard).includes(frame(frames.ping, 0, 0, Array(8).fill(0)).subarray(0, 9)));
  });
});

describe('mux over TLS', { ...inTime, skip: noOpenssl }, () => {
  const ca = noOpenssl === false ? authority() : undefined!;
  const server = () => ca.issue('localhost', ['localhost', 'IP:127.0.0.1']);

  test('is encrypted, and the node must prove who it is', async () => {
    const listener = tcpListener({ port: 0, tls: server() });
    await using fixture = await muxFixture({ server: { listener }, client: { tls: { ca: ca.cert } } });
    using strangers = createRpcClient(RoomService, clientOf(fixture.url));
    const title = 'x'.repeat(500_000);

    assert.equal((await fixture.client.createRoom(root, { room: { title } })).room?.title, title);
    await assert.rejects(strangers.getRoom(root, {}), { reason: 'CONNECT_FAILED' });
  });

  test('is mutual where the server asks for a certificate', async () => {
    const tls = { ...server(), ca: ca.cert, clientCertificate: 'required' } as const;
    await using fixture = await muxFixture({
      server: { listener: tcpListener({ port: 0, tls }) },
      client: { tls: { ca: ca.cert, ...ca.issue('caller', ['caller']) } },
    });
    using stranger = createRpcClient(RoomService, { ...clientOf(fixture.url), tls: { ca: ca.cert } });

    assert.equal((await fixture.client.getRoom(root, { id: '7' })).room?.id, '7');
    await assert.rejects(stranger.getRoom(root, {}), { code: 'unavailable' });
  });

  test('a client of before metadata is told none, and sends calls as ever', async () => {
    await using fixture = await networkFixture({
      handlers: {
        async getRoom(ctx) {
          setHeaders(ctx, { 'x-head': 'new' });
          setTrailers(ctx, { 'x-tail': 'new' });
          return { room: { title: 'answered' } };
        },
      },
    });
    const method = frame(frames.method, 0, 0, [0, 0, ...Buffer.from('/flotilla.test.v1.RoomService/GetRoom')]);
    const call = frame(frames.call, flags.message | flags.end, 1, [0, 0, 0, 0]);
    const heard = (metadata: boolean) => {
      const settings = frame(frames.settings, 0, 0, encodeSettings({ ...openingSettings, metadata }));
      return said(fixture.url, [Buffer.from(preface), settings, method, call], (all) => all.includes('answered'));
    };

    assert.equal((await heard(false)).includes('x-head'), false);
    assert.equal((await heard(true)).includes('x-tail'), true);
  });
});

const openingSettings = {
  lowestVersion: version,
  highestVersion: version,
  maxStreams: 0,
  streamWindow: 65_536,
  connectionWindow: 65_536,
  maxMessageBytes: 65_536,
  maxHeadBytes: 16_384,
  gzip: true,
  metadata: true,
};
const opening = Buffer.concat([preface, frame(frames.settings, 0, 0, encodeSettings(openingSettings))]);

/** What a server says to these bytes, until it is enough or it closes. */
function said(url: string, bytes: readonly Buffer[], isEnough: (said: Buffer) => boolean): Promise<Buffer> {
  const { port } = new URL(url);
  const socket = connectSocket(Number(port), '127.0.0.1');
  let heard = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.write(Buffer.concat(bytes));
  return new Promise((resolve) => {
    socket.on('close', () => resolve(heard));
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      if (isEnough(heard)) socket.destroy();
    });
  });
}

function clientOf(url: string): RpcClientOptions<typeof RoomService> {
  return { ...mux, target: 'room', resolver: resolverOf({ rpc: url }), guard: false };
}

function resolverOf(endpoints: Record<string, string>): Resolver {
  return pickingResolver(() => endpoints);
}

function pickingResolver(endpoints: () => Record<string, string>): Resolver {
  return {
    resolve() {
      const node: Instance = {
        id: 'room-1',
        service: 'room',
        version: '',
        lane: '',
        weight: 1,
        metadata: {},
        endpoints: endpoints(),
      };
      return { node, done() {} };
    },
    async *watchNodes() {},
    async close() {},
  };
}

/** A server behind a port that counts connections and bytes. */
async function countedServer(options: FixtureOptions = {}) {
  const fixture = await networkFixture(options);
  const { port } = new URL(fixture.url);
  const firstBytes: string[] = [];
  let bytes = 0;
  let closed = 0;
  const front = await tcpServer((socket) => {
    const back = connectSocket(Number(port), '127.0.0.1').on('error', () => {});
    socket.once('data', (chunk) => firstBytes.push(String(chunk).slice(0, 4)));
    for (const end of [socket, back])
      end.on('data', (chunk) => {
        bytes += chunk.length;
      });
    socket.on('close', () => closed++);
    socket.pipe(back).pipe(socket);
  });
  return {
    url: front.url,
    firstBytes,
    bytes: () => bytes,
    async whenClosed(count: number) {
      while (closed < count) await new Promise((resolve) => setImmediate(resolve));
    },
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await front[Symbol.asyncDispose]();
    },
  };
}
