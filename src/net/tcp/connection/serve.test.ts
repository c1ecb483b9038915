import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { background, type Context, current, sleep } from '../../../concurrency/index.ts';
import type { StatusError } from '../../../errors/index.ts';
import { type LogFields, noTelemetry, withTelemetry } from '../../../observe/index.ts';
import { lines } from '../framing/lines.ts';
import { tcpListener } from '../listener/tcp-listener.ts';
import { eventually, served, textOf, turns } from '../testdata/served.ts';
import type { Connection } from './connection.ts';
import { dial } from './dial.ts';
import { serve } from './serve.ts';

const ctx = background();
const inTime = { timeout: 30_000 };

describe('a server', inTime, () => {
  test('runs a handler for each connection and closes what it leaves', async () => {
    const server = serve({
      name: 'echo',
      port: 0,
      codec: lines(),
      async handler(_, connection) {
        for await (const line of connection) await connection.write(ctx, `you said ${line}`);
        await connection.write(ctx, 'bye');
      },
    });
    const [endpoint] = await server.start(ctx);
    assert.equal(endpoint?.name, 'echo');
    assert.match(endpoint.url, /^tcp:\/\/127\.0\.0\.1:\d+$/);
    const peer = connect(Number(new URL(endpoint.url).port), '127.0.0.1');

    peer.end('one\ntwo\n');

    assert.equal(await textOf(peer), 'you said one\nyou said two\nbye\n');
    await server.stop(ctx);
  });

  test('gives bytes as they come where there is no codec', async () => {
    const server = serve({
      name: 'raw',
      port: 0,
      async handler(_, connection) {
        for await (const bytes of connection) await connection.write(ctx, bytes.toString('hex'));
      },
    });
    const [endpoint] = await server.start(ctx);
    const peer = connect(Number(new URL(endpoint!.url).port), '127.0.0.1');

    peer.end('hi');

    assert.equal(await textOf(peer), '6869');
    await server.stop(ctx);
  });

  test('logs a handler that throws and cuts its connection, and no other', async () => {
    const logged: [string, LogFields | undefined][] = [];
    const log = {
      ...noTelemetry.log,
      error: (_: Context, text: string, fields?: LogFields) => logged.push([text, fields]),
    };
    const base = withTelemetry(background(), { ...noTelemetry, log });
    const server = serve({
      name: 'fragile',
      port: 0,
      drainGraceMs: 0,
      lingerMs: 0,
      codec: lines(),
      async handler(_, connection) {
        for await (const line of connection) {
          if (line === 'boom') throw new Error('a mistake');
          await connection.write(ctx, line);
        }
      },
    });
    const [endpoint] = await server.start(base);
    const port = Number(new URL(endpoint!.url).port);
    await using good = await dial(ctx, { port, codec: lines() });
    await using bad = await dial(ctx, { port, codec: lines() });

    await bad.write(ctx, 'boom');

    await assert.rejects(async () => {
      if ((await bad.read(ctx)) === undefined) throw new Error('closed');
    });
    await good.write(ctx, 'still here');
    assert.equal(await good.read(ctx), 'still here');
    assert.deepEqual(
      logged.map(([text, fields]) => [text, fields?.server, String(fields?.error)]),
      [['the handler of a connection failed', 'fragile', 'Error: a mistake']],
    );
    await server.stop(ctx);
  });

  test('makes no noise of a peer that breaks off', async () => {
    const logged: string[] = [];
    const log = { ...noTelemetry.log, error: (_: Context, text: string) => logged.push(text) };
    const ended = Promise.withResolvers<Context>();
    const server = serve({
      name: 'quiet',
      port: 0,
      codec: lines(),
      async handler(handlerCtx, connection) {
        ended.resolve(handlerCtx);
        for await (const _ of connection);
      },
    });
    const [endpoint] = await server.start(withTelemetry(background(), { ...noTelemetry, log }));
    const peer = connect(Number(new URL(endpoint!.url).port), '127.0.0.1');
    const handlerCtx = await ended.promise;

    peer.resetAndDestroy();

    await eventually(() => server.connections === 0);
    assert.equal((handlerCtx.cause() as StatusError).reason, 'CONNECTION_LOST');
    assert.deepEqual(logged, []);
    await server.stop(ctx);
  });

  test('runs the handler with its Context as the current one', async () => {
    const seen = Promise.withResolvers<boolean>();
    const server = serve({
      name: 'current',
      port: 0,
      async handler(handlerCtx, connection) {
        await turns(1);
        seen.resolve(current() === handlerCtx && connection.ctx === handlerCtx);
      },
    });
    const [endpoint] = await server.start(ctx);
    connect(Number(new URL(endpoint!.url).port), '127.0.0.1').resume();

    assert.equal(await seen.promise, true);
    await server.stop(ctx);
  });

  test('closes connections beyond its limit at once, and takes new ones when others have gone', async () => {
    await using fixture = await served({ maxConnections: 2 });
    const first = await fixture.connect();
    await fixture.connect();

    const refused = connect(fixture.port, '127.0.0.1');
    await once(refused.resume(), 'close');
    first.release();
    await once(first.peer.resume(), 'close');
    await eventually(() => fixture.server.connections === 1);

    await fixture.connect();
    assert.equal(fixture.server.connections, 2);
  });

  test('closes connections of one address beyond its limit, and of no other', async () => {
    await using fixture = await served({ maxConnectionsPerAddress: 1 });
    await fixture.connect();

    const refused = connect(fixture.port, '127.0.0.1');
    await once(refused.resume(), 'close');
    const other = connect({ port: fixture.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    await once(other, 'connect');

    await eventually(() => fixture.server.connections === 2);
    other.destroy();
  });

  test('survives a flood of connections, half of them reset', async () => {
    await using fixture = await served({ maxConnections: 20 });
    const { peer, connection } = await fixture.connect();

    const sockets: Socket[] = [];
    for (let count = 0; count < 300; count++) {
      const socket = connect(fixture.port, '127.0.0.1');
      sockets.push(socket.on('error', () => {}));
      if (count % 2 === 0) socket.once('connect', () => socket.resetAndDestroy());
    }
    await Promise.all(sockets.slice(1, 3).map((socket) => once(socket, 'connect')));
    peer.write('hello\n');

    assert.equal(await connection.read(ctx), 'hello');
    for (const socket of sockets) socket.destroy();
    await eventually(() => fixture.server.connections <= 20);
  });

  test('serves connections that somebody else accepted, between start and stop', async () => {
    const seen: Connection<Buffer, Uint8Array | string>[] = [];
    const server = serve({
      name: 'inner',
      listener: { start: async () => ({ host: 'here', port: 1 }), stop: async () => {} },
      async handler(_, connection) {
        seen.push(connection);
        await connection.read(ctx);
      },
    });
    const sockets: Socket[] = [];
    const listener = tcpListener({ port: 0 });
    const { port } = await listener.start(ctx, (socket) => {
      sockets.push(socket);
      server.handleConnection(socket);
    });
    const early = connect(port, '127.0.0.1');
    await once(early.resume(), 'close');

    await server.start(ctx);
    const peer = connect(port, '127.0.0.1');
    await eventually(() => seen.length === 1);
    peer.end();
    await once(peer.resume(), 'close');
    await server.stop(ctx);
    const late = connect(port, '127.0.0.1');
    await once(late.resume(), 'close');

    assert.equal(seen.length, 1);
    await listener.stop();
  });

  test('is told of the end of a connection that had ended before it was handed over', async () => {
    const ended = Promise.withResolvers<unknown>();
    const server = serve({
      name: 'late',
      listener: { start: async () => ({ host: 'here', port: 1 }), stop: async () => {} },
      handler: async (_, connection) =>
        ended.resolve(await Promise.resolve(connection.read(ctx)).catch((error) => error)),
    });
    await server.start(ctx);
    const socket = connect(1, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));

    server.handleConnection(socket);

    assert.equal(((await ended.promise) as StatusError).reason, 'CONNECTION_LOST');
    await eventually(() => server.connections === 0);
    await server.stop(ctx);
  });

  test('refuses to start twice, and options that do not fit', async () => {
    const handler = async () => {};
    const server = serve({ name: 'x', port: 0, handler });
    await server.start(ctx);
    await assert.rejects(server.start(ctx), TypeError);
    await server.stop(ctx);
    await assert.rejects(server.start(ctx), TypeError);

    const listener = tcpListener({ port: 0 });
    assert.throws(() => serve({ name: 'x', handler }), RangeError);
    assert.throws(() => serve({ name: 'x', handler, listener, port: 1 }), TypeError);
    assert.throws(() => serve({ name: 'x', handler, port: 0, idleTimeoutMs: -1 }), RangeError);
    assert.throws(() => serve({ name: 'x', handler, port: 0, drainGraceMs: Number.NaN }), RangeError);
    assert.throws(() => serve({ name: 'x', handler, port: 0, maxConnections: 0 }), RangeError);
    assert.throws(() => serve({ name: 'x', handler, port: 0, maxConnectionsPerAddress: 1.5 }), RangeError);
  });
});

describe('a server that drains', inTime, () => {
  test('tells its connections, and accepts others until it stops', async () => {
    await using fixture = await served();
    const { connection } = await fixture.connect();
    let isTold = false;
    connection.draining.onDone(() => {
      isTold = true;
    });

    fixture.server.drain({});

    assert.equal(isTold, true);
    assert.equal((connection.draining.cause() as StatusError).reason, 'DRAINING');
    assert.equal(connection.ctx.err(), undefined);
    const late = await fixture.connect();
    assert.notEqual(late.connection.draining.err(), undefined);
  });

  test('lets peers leave by themselves, then ends reads after what has come, and waits for the handlers', async () => {
    const seen: string[] = [];
    await using fixture = await served({
      drainGraceMs: 100,
      async handler(_, connection) {
        for await (const line of connection) {
          seen.push(line);
          await connection.write(ctx, line);
        }
      },
    });
    const peer = connect(fixture.port, '127.0.0.1');
    peer.write('one\n');
    await once(peer, 'data');

    const stopped = fixture.server.stop(ctx);
    await turns();
    const refused = connect(fixture.port, '127.0.0.1');
    assert.equal(((await once(refused, 'error')) as [NodeJS.ErrnoException])[0].code, 'ECONNREFUSED');
    peer.write('two\n');
    assert.equal(String((await once(peer, 'data'))[0]), 'two\n');
    const closed = once(peer.resume(), 'close');
    await fixture.clock.advance(100);

    await Promise.all([closed, stopped]);
    assert.deepEqual(seen, ['one', 'two']);
    assert.equal(fixture.server.connections, 0);
    assert.equal(fixture.clock.pending, 0);
  });

  test('lets half a message be completed', async () => {
    const seen: string[] = [];
    await using fixture = await served({
      drainGraceMs: 0,
      async handler(_, connection) {
        for await (const line of connection) seen.push(line);
      },
    });
    const peer = connect(fixture.port, '127.0.0.1');
    peer.write('ha');
    await eventually(() => fixture.accepted[0]?.bytesRead === 2);

    const stopped = fixture.server.stop(ctx);
    await turns();
    await fixture.clock.advance(0);
    peer.write('lf\n');

    await stopped;
    assert.deepEqual(seen, ['half']);
  });

  test('cuts what is left when its Context ends, and waits no more', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();
    const limit = fixture.ctx.withCancel();

    const stopped = fixture.server.stop(limit);
    await turns();
    assert.equal(connection.ctx.err(), undefined);
    const closed = once(peer.resume(), 'close');
    limit.cancel();

    await Promise.all([closed, stopped]);
    assert.equal((connection.ctx.cause() as StatusError).reason, 'DRAINING');
  });

  test('is cut when the Context that it was started with ends', async () => {
    await using fixture = await served();
    const { peer, connection } = await fixture.connect();

    fixture.ctx.cancel();

    await once(peer.resume(), 'close');
    assert.notEqual(connection.ctx.err(), undefined);
    await fixture.server.stop(ctx);
  });

  test('may be stopped twice, and before it was started', async () => {
    const server = serve({ name: 'x', port: 0, handler: async () => {} });
    await server.stop(ctx);

    await using fixture = await served();
    await Promise.all([fixture.server.stop(ctx), fixture.server.stop(ctx)]);
  });

  test('reads on until the end if it is told to', async () => {
    await using fixture = await served({ drainGraceMs: Number.POSITIVE_INFINITY });
    const { peer, connection, release } = await fixture.connect();

    const stopped = fixture.server.stop(ctx);
    await fixture.clock.advance(10_000);
    peer.write('late\n');

    assert.equal(await connection.read(ctx), 'late');
    release();
    peer.resume();
    await stopped;
  });
});

test('a handler sees the end of its peer through its Context while it works', inTime, async () => {
  const cause = Promise.withResolvers<unknown>();
  await using fixture = await served({
    async handler(handlerCtx) {
      await sleep(handlerCtx, 1e9).catch(() => {});
      cause.resolve(handlerCtx.cause());
    },
  });
  const peer = connect(fixture.port, '127.0.0.1');
  await eventually(() => fixture.server.connections === 1);

  peer.resetAndDestroy();

  assert.equal(((await cause.promise) as StatusError).reason, 'CONNECTION_LOST');
});
