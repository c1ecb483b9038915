import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { fieldsOf, type Outcome } from '../call/index.ts';
import type { Instance, Resolver } from '../discovery/index.ts';
import { staticResolver } from '../discovery/index.ts';
import { StatusError } from '../errors/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { withTelemetry } from '../observe/index.ts';
import { createRpcClient } from './client.ts';
import { inTime, root, texts } from './testdata/calls.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';
import { createRecorder } from './testdata/recorder.ts';
import { tcpServer } from './testdata/tcp-server.ts';

describe('a node that cannot be reached', inTime, () => {
  test('is replaced by another pick, once, with the attempt counted', async () => {
    const attempts: number[] = [];
    await using fixture = await networkFixture({
      handlers: {
        async getRoom(ctx) {
          attempts.push(fieldsOf(ctx).attempt);
          return {};
        },
      },
    });
    const { resolver, outcomes } = inTurn(await closedPort(), fixture.url);
    using client = createRpcClient(RoomService, { target: 'room', resolver });

    await client.getRoom(root, {});

    assert.deepEqual(attempts, [1]);
    assert.deepEqual(
      outcomes.map(({ error }) => error?.reason),
      ['CONNECT_FAILED', undefined],
    );
  });

  test('fails the call with CONNECT_FAILED when none of three picks can be reached', async () => {
    const { resolver, outcomes } = inTurn(await closedPort(), await closedPort(), await closedPort());
    using client = createRpcClient(RoomService, { target: 'room', resolver });

    await assert.rejects(client.getRoom(root, {}), { code: 'unavailable', reason: 'CONNECT_FAILED' });

    assert.equal(outcomes.length, 3);
  });

  test('leaves a stream of requests whole for the next pick', async () => {
    await using fixture = await networkFixture();
    const { resolver } = inTurn(await closedPort(), fixture.url);
    using client = createRpcClient(RoomService, { target: 'room', resolver });

    assert.equal((await client.uploadMessages(root, texts('a', 'b'))).count, 2);
  });

  test('has a span for each try', async () => {
    const recorder = createRecorder('caller');
    await using fixture = await networkFixture();
    const { resolver } = inTurn(await closedPort(), fixture.url);
    using client = createRpcClient(RoomService, { target: 'room', resolver });

    await client.getRoom(withTelemetry(root, recorder.telemetry), {});

    assert.deepEqual(
      recorder.spans.map(({ failure, ended }) => [failure instanceof StatusError, ended]),
      [
        [true, true],
        [false, true],
      ],
    );
  });

  test('counts as not reached while it accepts connections and says nothing', async () => {
    await using silent = await tcpServer(() => {});
    using client = createRpcClient(RoomService, {
      target: 'room',
      resolver: staticResolver({ room: [silent.url] }),
      connectTimeoutMs: 20,
    });

    await assert.rejects(client.getRoom(root, {}), {
      reason: 'CONNECT_FAILED',
      message: /did not answer within 20 ms/,
    });
  });

  test('does not hold a caller longer than its Context', async () => {
    await using silent = await tcpServer(() => {});
    using client = createRpcClient(RoomService, { target: 'room', resolver: staticResolver({ room: [silent.url] }) });

    await assert.rejects(client.getRoom(root.withTimeout(10), {}), { code: 'deadline_exceeded' });
  });

  test('may speak something else: that is CONNECT_FAILED too', async () => {
    await using other = await tcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    using client = createRpcClient(RoomService, { target: 'room', resolver: staticResolver({ room: [other.url] }) });

    await assert.rejects(client.getRoom(root, {}), { reason: 'CONNECT_FAILED' });
  });
});

describe('a call that was sent', inTime, () => {
  test('is not repeated when its connection breaks, unless its method is idempotent', async () => {
    let calls = 0;
    const started = Promise.withResolvers<void>();
    await using fixture = await networkFixture({
      handlers: {
        closeRoom() {
          calls++;
          started.resolve();
          return new Promise(() => {});
        },
      },
    });
    const answer = assert.rejects(fixture.client.closeRoom(root, {}), {
      code: 'unavailable',
      reason: 'CONNECTION_LOST',
    });
    await started.promise;

    await fixture.stop(root.withTimeout(0));

    await answer;
    assert.equal(calls, 1);
  });

  test('goes over a new connection when the last one has ended', async () => {
    await using fixture = await networkFixture();
    const { port } = new URL(fixture.url);
    await fixture.client.getRoom(root, {});
    await fixture.stop(root);

    await using again = await networkFixture({ server: { listener: tcpListener({ port: Number(port) }) } });

    assert.equal(again.url, fixture.url);
    assert.equal((await fixture.client.getRoom(root, { id: '7' })).room?.id, '7');
  });

  test('of a closed client fails', async () => {
    await using fixture = await networkFixture();

    fixture.client[Symbol.dispose]();

    await assert.rejects(fixture.client.getRoom(root, {}), { reason: 'CONNECT_FAILED', message: /closed/ });
  });
});

describe('connections', inTime, () => {
  test('are shared by calls, and made only as the node’s limit asks for', async () => {
    const release = Promise.withResolvers<void>();
    await using counted = await countingProxy(async () => {
      const all = Promise.withResolvers<void>();
      let running = 0;
      const fixture = await networkFixture({
        server: { maxConcurrentStreams: 2 },
        handlers: {
          async getRoom() {
            if (++running === 4) all.resolve();
            await release.promise;
            return {};
          },
        },
      });
      return { fixture, all };
    });
    using client = createRpcClient(RoomService, {
      target: 'room',
      resolver: staticResolver({ room: [counted.url] }),
      protocol: 'grpc',
      maxConnections: 2,
    });

    const four = Promise.all([1, 2, 3, 4].map(() => client.getRoom(root, {})));
    await counted.inner.all.promise;
    const fifth = client.getRoom(root, {});

    await assert.rejects(fifth, { code: 'resource_exhausted', reason: 'TOO_MANY_CALLS' });
    release.resolve();
    await four;
    await client.getRoom(root, {});
    assert.equal(counted.connections, 2);
  });

  test('that are idle are closed after idleTimeoutMs, and a later call makes a new one', async () => {
    await using counted = await countingProxy(async () => ({ fixture: await networkFixture() }));
    using client = createRpcClient(RoomService, {
      target: 'room',
      resolver: staticResolver({ room: [counted.url] }),
      protocol: 'grpc',
      idleTimeoutMs: 10,
    });

    await client.getRoom(root, {});
    await counted.ended;
    await client.getRoom(root, {});

    assert.equal(counted.connections, 2);
  });

  test('do not keep a process alive that has nothing else to do', async () => {
    await using fixture = await networkFixture();
    const door = new URL('./index.ts', import.meta.url).href;
    const program = `
      import { createRpcClient } from ${JSON.stringify(door)};
      import { staticResolver } from ${JSON.stringify(new URL('../discovery/index.ts', import.meta.url).href)};
      import { background } from ${JSON.stringify(new URL('../concurrency/index.ts', import.meta.url).href)};
      import { RoomService } from ${JSON.stringify(new URL('./testdata/gen/flotilla/test/v1/room_pb.ts', import.meta.url).href)};
      const client = createRpcClient(RoomService, { target: 'room', resolver: staticResolver({ room: [process.argv[1]] }) });
      console.log((await client.getRoom(background(), { id: '7' })).room.title);
    `;

    const child = await run(program, fixture.url);

    assert.deepEqual(child, { status: 0, output: 'room 7\n' });
  });
});

describe('the balancer', inTime, () => {
  test('is told how each call ended, and of a stream at its first message', async () => {
    await using fixture = await networkFixture({
      handlers: {
        async closeRoom() {
          throw new StatusError('not_found', 'no');
        },
      },
    });
    const { resolver, outcomes } = inTurn(fixture.url);
    using client = createRpcClient(RoomService, { target: 'room', resolver });

    await client.getRoom(root, {});
    await client.closeRoom(root, {}).catch(() => {});
    for await (const _ of client.watchRoom(root, { count: 3 })) assert.equal(outcomes.length, 3);

    assert.deepEqual(
      outcomes.map(({ error }) => error?.code),
      [undefined, 'not_found', undefined],
    );
  });

  test('sees the head of the call', async () => {
    await using fixture = await networkFixture();
    const heads: unknown[] = [];
    const inner = staticResolver({ room: [fixture.url] });
    const resolver: Resolver = {
      ...inner,
      resolve(ctx, target, head) {
        heads.push([target, head.service, head.method, head.timeoutMs !== undefined]);
        return inner.resolve(ctx, target, head);
      },
    };
    using client = createRpcClient(RoomService, { target: 'room', resolver });

    await client.getRoom(root, {});

    assert.deepEqual(heads, [['room', 'flotilla.test.v1.RoomService', 'GetRoom', true]]);
  });
});

test('a client refuses options that make no sense', () => {
  const resolver = staticResolver({});

  assert.throws(() => createRpcClient(RoomService, { target: 'room', resolver, timeoutMs: -1 }), /timeoutMs is -1/);
  assert.throws(
    () => createRpcClient(RoomService, { target: 'room', resolver, maxMessageBytes: 0 }),
    /maxMessageBytes is 0/,
  );
  assert.throws(
    () => createRpcClient(RoomService, { target: 'room', resolver, maxConnections: 0 }),
    /maxConnections is 0/,
  );
  assert.throws(() => createRpcClient(RoomService, { target: '', resolver }), /target "": .*give the name/);
});

/** Picks the addresses in turn and keeps what it is told. */
function inTurn(...urls: string[]): { resolver: Resolver; outcomes: Outcome[] } {
  const outcomes: Outcome[] = [];
  let turn = 0;
  const resolver: Resolver = {
    async resolve() {
      const url = urls[turn++ % urls.length] as string;
      const node = {
        id: url,
        service: 'room',
        version: '',
        endpoints: { rpc: url },
        lane: '',
        weight: 1,
        metadata: {},
      };
      let told = false;
      return {
        node: node satisfies Instance,
        done(outcome) {
          if (!told) outcomes.push(outcome);
          told = true;
        },
      };
    },
    async close() {},
  };
  return { resolver, outcomes };
}

async function closedPort(): Promise<string> {
  await using server = await tcpServer(() => {});
  return server.url;
}

/** Counts the connections to a server, and knows when the first has ended. */
async function countingProxy<I extends { fixture: Awaited<ReturnType<typeof networkFixture>> }>(
  make: () => Promise<I>,
) {
  const inner = await make();
  const target = Number(new URL(inner.fixture.url).port);
  const ended = Promise.withResolvers<void>();
  let connections = 0;
  const proxy = await tcpServer((socket) => {
    connections++;
    const upstream = connect(target, '127.0.0.1');
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => {
      upstream.destroy();
      ended.resolve();
    });
    upstream.on('close', () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  return {
    inner,
    url: proxy.url,
    ended: ended.promise,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await inner.fixture[Symbol.asyncDispose]();
    },
  };
}

async function run(program: string, ...args: string[]): Promise<{ status: number | null; output: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = Buffer.concat(await Array.fromAsync(child.stdout as AsyncIterable<Buffer>)).toString();
  const status = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('exit', resolve)));
  return { status, output };
}
