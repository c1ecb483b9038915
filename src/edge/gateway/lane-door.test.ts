import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext } from '../../concurrency/index.ts';
import { memoryRegistry, type Registration, type Registry } from '../../discovery/index.ts';
import { first, instanceOf } from '../../discovery/registry.contract.ts';
import { rawText, text } from '../../net/http/index.ts';
import { startWorld, type TestWorld } from './gateway.fixture.ts';

/** A gateway that says who it is, at `/who`; `more` adds a route that the other one has not. */
async function gatewayOf(registry: Registry, lane: string): Promise<TestWorld> {
  return await startWorld({
    options: {
      registry,
      fields: { lanes: 'all', lane },
      auth: { authenticate: async () => undefined, access: 'public' },
    },
    define(gateway) {
      gateway.route('GET', '/who', {}, async () => text(lane || 'baseline'));
      if (lane === '') return;
      gateway.route('GET', '/new', {}, async () => text('new'));
      gateway.route('POST', '/echo', { body: rawText() }, async (_, req) => text(req.body));
    },
  });
}

describe('the door of a gateway', () => {
  let ctx: CancelContext;
  let registry: Registry;
  let baseline: TestWorld;
  let blue: TestWorld;
  let registration: Registration;
  beforeEach(async () => {
    ctx = background().withTimeout(60_000);
    registry = memoryRegistry();
    baseline = await gatewayOf(registry, '');
    blue = await gatewayOf(registry, 'blue');
    registration = await registry.register(
      ctx,
      instanceOf('gateway-blue-1', { service: 'gateway', lane: 'blue', endpoints: { http: blue.url } }),
    );
    await untilLed('blue.localhost', 'blue');
  });
  afterEach(async () => {
    await baseline[Symbol.asyncDispose]();
    await blue[Symbol.asyncDispose]();
    await registry.close();
    ctx.cancel();
  });

  /** On a connection of its own. */
  async function ask(host: string, path: string, more: { method?: string; body?: string; cookie?: string } = {}) {
    const { method = 'GET', body, cookie } = more;
    const headers = { host, connection: 'close', ...(cookie !== undefined && { cookie }) };
    const sent = request({ host: '127.0.0.1', port: baseline.port, path, method, headers, agent: false });
    sent.end(body);
    const [response] = await once(sent, 'response');
    let said = '';
    for await (const chunk of response) said += String(chunk);
    return { status: response.statusCode as number, said, headers: response.headers };
  }

  /** The door learns of a gateway a moment after the registry. */
  async function untilLed(host: string, wanted: string): Promise<void> {
    while ((await ask(host, '/who')).said !== wanted) assert.equal(ctx.err(), undefined);
  }

  it('leads to the gateway of the lane that the host names, and to none otherwise', async () => {
    assert.equal((await ask('blue.localhost:8080', '/who')).said, 'blue');
    assert.equal((await ask('BLUE.localhost', '/who')).said, 'blue');
    assert.equal((await ask('localhost', '/who')).said, 'baseline');
    assert.equal((await ask('green.localhost', '/who')).said, 'baseline');
    assert.equal((await ask('localhost', '/who', { cookie: 'flotilla-lane=blue' })).said, 'baseline');
  });

  it('has the routes of the changed gateway, with bodies', async () => {
    assert.equal((await ask('blue.localhost', '/new')).said, 'new');
    assert.equal((await ask('localhost', '/new')).status, 404);
    const body = 'x'.repeat(300_000);
    assert.equal((await ask('blue.localhost', '/echo', { method: 'POST', body })).said, body);
  });

  it('finds a host whose head comes byte by byte', async () => {
    const socket = connect(baseline.port, '127.0.0.1');
    await once(socket, 'connect');
    for (const byte of 'GET /who HTTP/1.1\r\nx: host: no\r\nHost: \tblue.localhost \r\nconnection: close\r\n\r\n') {
      socket.write(byte);
      await new Promise(setImmediate);
    }
    let said = '';
    for await (const chunk of socket) said += String(chunk);

    assert.match(said, /^HTTP\/1\.1 200.*blue$/s);
  });

  it('leaves heads to the baseline that name no host, or none in time', async () => {
    const heads = [
      'GET /who HTTP/1.1\r\n\r\n',
      `GET /who HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\nhost: a\r\n\r\n`,
      'nonsense\r\n\r\n',
    ];
    for (const head of heads) {
      const socket = connect(baseline.port, '127.0.0.1').on('error', () => {});
      socket.write(head);
      const [answer] = await once(socket, 'data');

      assert.match(String(answer), /^HTTP\/1\.1 4\d\d /);
      socket.destroy();
    }
  });

  it('says that the gateway of a lane is down, and does not answer in its place', async () => {
    await blue[Symbol.asyncDispose]();

    const { status, said, headers } = await ask('blue.localhost', '/who');

    assert.deepEqual([status, headers['flotilla-lane']], [503, 'blue']);
    assert.equal(JSON.parse(said).reason, 'LANE_UNREACHABLE');
  });

  it('is the baseline again when the gateway of the lane has left', async () => {
    await registration.close(ctx);
    await first(registry.watch(ctx, 'gateway'));

    await untilLed('blue.localhost', 'baseline');
  });

  it('ends what it passed on when it is stopped', async () => {
    const socket = connect(baseline.port, '127.0.0.1');
    socket.write('GET /who HTTP/1.1\r\nhost: blue.localhost\r\n\r\n');
    await once(socket, 'data');

    const [stopping, closed] = [baseline[Symbol.asyncDispose](), once(socket, 'close')];

    await Promise.all([stopping, closed]);
  });
});
