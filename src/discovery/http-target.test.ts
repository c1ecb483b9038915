import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withFields } from '../call/index.ts';
import { background } from '../concurrency/index.ts';
import { client, createHttpServer, createRouter, type HttpClientOptions, json, text } from '../net/http/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { failOnLeaks } from '../testing/index.ts';
import { roundRobin } from './balance/in-turn.ts';
import { httpTarget } from './http-target.ts';
import { memoryRegistry } from './memory-registry.ts';
import type { Instance } from './registry.ts';
import { createResolver } from './resolver.ts';

failOnLeaks();

const ctx = background();

/** A server that says its name, and counts its calls. */
async function server(name: string, answer: () => unknown = () => text(name)) {
  const calls: string[] = [];
  const router = createRouter();
  router.get('/v1/name', (call, req) => {
    calls.push(`${req.method} ${call.remainingMs() < 60_000}`);
    return answer();
  });
  router.post('/v1/name', () => {
    calls.push('POST');
    return answer();
  });
  const http = createHttpServer({ name, router, listener: tcpListener({ port: 0 }), guard: false });
  const [endpoint] = await http.start(ctx);
  return {
    url: endpoint!.url,
    address: new URL(endpoint!.url).host,
    calls,
    [Symbol.asyncDispose]: () => http.stop(ctx.withTimeout(0)),
  };
}

const unavailable = () => json({ code: 'unavailable', reason: 'DOWN', message: 'down' }, { status: 503 });

function staticClient(addresses: readonly string[], options: HttpClientOptions = {}) {
  const target = httpTarget(`static:///${addresses.join()}`, { balancer: roundRobin() });
  return client({ target, ...options });
}

/** An address at which nobody listens. */
async function nobody(): Promise<string> {
  await using gone = await server('gone');
  return gone.address;
}

describe('an HTTP client of a target', () => {
  test('shares its calls out to the servers, with path, method and time left', async () => {
    await using a = await server('a');
    await using b = await server('b');
    await using api = staticClient([a.address, b.address]);

    for (let n = 0; n < 4; n++) await api.request(ctx, { url: '/v1/name' });
    await api.postJson(ctx, '/v1/name', {}).catch(() => {});

    assert.deepEqual(
      [a.calls.length + b.calls.length, a.calls.slice(0, 2), b.calls.slice(0, 2)],
      [5, ['GET true', 'GET true'], ['GET true', 'GET true']],
    );
  });

  test('goes to another server at once where one cannot be reached, whatever the method', async () => {
    await using a = await server('a');
    await using api = staticClient([await nobody(), a.address]);

    const answers = [];
    for (let n = 0; n < 6; n++) {
      const method = n % 2 === 0 ? ('GET' as const) : ('POST' as const);
      answers.push((await api.request(ctx, { method, url: '/v1/name' })).text());
    }

    assert.deepEqual(answers, Array(6).fill('a'));
  });

  test('tries a call that failed at another server, where that is safe', async () => {
    await using bad = await server('bad', unavailable);
    await using good = await server('good');
    await using api = staticClient([bad.address, good.address]);

    const answers = [];
    for (let n = 0; n < 4; n++) answers.push((await api.request(ctx, { url: '/v1/name' })).text());

    assert.deepEqual(answers, Array(4).fill('good'));
    assert.ok(bad.calls.length > 0);
  });

  for (const acceptErrors of [false, true]) {
    test(`leaves a server alone that fails again and again${acceptErrors ? ', also where errors are accepted' : ''}`, async () => {
      await using bad = await server('bad', unavailable);
      await using others = new AsyncDisposableStack();
      const good = [];
      for (const name of ['b', 'c', 'd']) good.push(others.use(await server(name)));
      const addresses = [bad, ...good].map(({ address }) => address);
      const target = httpTarget(`static:///${addresses.join()}`);
      await using api = client({ target, guard: false });

      for (let n = 0; n < 400; n++) await api.request(ctx, { url: '/v1/name', acceptErrors }).catch(() => {});

      assert.ok(bad.calls.length < 60, `${bad.calls.length} calls`);
    });
  }

  test('streams from one of the servers', async () => {
    await using a = await server('a');
    await using api = staticClient([a.address]);

    const answer = await api.stream(ctx, { url: '/v1/name' });
    const chunks = await Array.fromAsync(answer.body);

    assert.equal(Buffer.concat(chunks).toString(), 'a');
  });

  test('goes where a whole address says', async () => {
    await using a = await server('a');
    await using b = await server('b');
    await using api = staticClient([a.address]);

    assert.equal((await api.request(ctx, { url: `${b.url}/v1/name` })).text(), 'b');
  });

  test('asks for the name that it was given, unless the call says another', async () => {
    const hosts: (string | undefined)[] = [];
    const router = createRouter();
    router.get('/', (_ctx, req) => {
      hosts.push(req.header('host'));
    });
    const http = createHttpServer({ name: 'a', router, listener: tcpListener({ port: 0 }) });
    const [endpoint] = await http.start(ctx);
    const { port } = new URL(endpoint!.url);
    const api = client({ target: httpTarget(`dns:///localhost:${port}`) });

    await api.request(ctx, { url: '/' });
    await api.request(ctx, { url: '/', headers: { host: 'room.test' } });

    assert.deepEqual(hosts, [`localhost:${port}`, 'room.test']);
    await api.close(ctx);
    await http.stop(ctx);
  });

  test('finds a service in the registry, in the lane of the call, and says when it is not there', async () => {
    await using a = await server('a');
    await using blue = await server('blue');
    const registry = memoryRegistry();
    const register = (id: string, url: string, lane: string, endpoint = 'http') =>
      registry.register(ctx, instance({ id, endpoints: { [endpoint]: url }, lane }));
    await register('room-1', a.url, '');
    await register('room-2', blue.url, 'blue');
    await register('mute-1', a.url, '', 'rpc');
    const resolver = createResolver(registry);
    const api = client({ target: httpTarget('discovery:///room', { resolver }) });
    const mute = client({ target: httpTarget('mute', { resolver }), guard: false });
    const nobodys = client({ target: httpTarget('nobody', { resolver }), guard: false });

    const base = await api.request(ctx, { url: '/v1/name' });
    const inLane = await api.request(withFields(ctx, { lane: 'blue' }), { url: '/v1/name' });

    assert.deepEqual([base.text(), inLane.text()], ['a', 'blue']);
    await assert.rejects(mute.request(ctx, { url: '/' }), { reason: 'NO_HTTP_ENDPOINT' });
    await assert.rejects(nobodys.request(ctx, { url: '/' }), { reason: 'NO_INSTANCES' });
    for (const each of [api, mute, nobodys]) await each.close(ctx);
    await resolver.close();
    await registry.close();
  });

  test('refuses options that make no sense', () => {
    const target = httpTarget('static:///a:1');

    assert.throws(() => httpTarget('room'), /it takes a resolver/);
    assert.throws(() => client({ target, baseUrl: 'http://a' }), TypeError);
    assert.throws(() => client({ target, socketPath: '/a' }), TypeError);
    assert.throws(() => client({ target: 'room' as never }), /httpTarget of flotilla\/discovery/);
  });
});

function instance(known: Pick<Instance, 'id' | 'endpoints' | 'lane'>): Instance {
  return { service: known.id.split('-')[0]!, version: '1', weight: 1, metadata: {}, ...known };
}
