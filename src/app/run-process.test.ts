import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { afterEach, describe, it } from 'node:test';
import { background } from '../concurrency/index.ts';
import { memoryRegistry, registryRoutes, type Snapshot } from '../discovery/index.ts';
import { Door } from '../fleet/door.ts';
import { createHttpServer, createRouter } from '../net/http/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { cleanup, virtualClock } from '../testing/index.ts';
import { SpawnedService } from './testdata/spawn-service.ts';

const spawned: SpawnedService[] = [];

function start(env: Readonly<Record<string, string>> = {}, descriptor?: number): SpawnedService {
  const service = new SpawnedService(env, undefined, undefined, descriptor);
  spawned.push(service);
  return service;
}

afterEach(async () => {
  for (const service of spawned.splice(0)) {
    service.child.kill('SIGKILL');
    await service.exit;
  }
});

describe('a process that is told to stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`answers its running calls, closes in reverse and exits 0 on ${signal}`, async () => {
      const service = start();
      const answer = fetch(`${await service.url()}/held`);
      await service.said('held');

      service.child.kill(signal);

      assert.deepEqual(await (await answer).json(), { held: true });
      assert.deepEqual(await service.exit, { code: 0, signal: null });
      // Lines of the log go to the output together: their place among those that the service writes itself says nothing.
      for (const order of [
        ['is draining', 'has stopped'],
        ['last closer', 'first closer'],
      ]) {
        const positions = order.map((text) => service.lines.findIndex((line) => line.includes(text)));
        assert.ok(positions[0]! >= 0 && positions[0]! < positions[1]!, service.lines.join('\n'));
      }
    });
  }

  it('counts signals that come together as one keystroke', async () => {
    const service = start();
    const answer = fetch(`${await service.url()}/held`);
    await service.said('held');

    service.child.kill('SIGINT');
    service.child.kill('SIGTERM');
    service.child.kill('SIGINT');

    assert.equal((await answer).status, 200);
    assert.deepEqual(await service.exit, { code: 0, signal: null });
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`exits ${code} at once on a second ${signal}`, async () => {
      const service = start();
      const answer = fetch(`${await service.url()}/endless`).catch(() => {});
      await service.said('tick');

      service.child.kill(signal);
      await service.said('is draining');
      let ticks = service.lines.filter((line) => line === 'tick').length;
      // Those within the first 300 ms count as the same keystroke; one of the later ones ends it.
      const pressing = async () => {
        for (;;) {
          await service.said('tick', ++ticks);
          service.child.kill(signal);
        }
      };

      await assert.rejects(pressing());
      assert.deepEqual(await service.exit, { code, signal: null });
      await answer;
    });
  }

  it('cuts the calls that outlast the drain, and still exits 0', async () => {
    const service = start({ FIXTURE: 'short drain' });
    const answer = fetch(`${await service.url()}/endless`).then(
      (response) => response.status,
      () => 0,
    );
    await service.said('tick');

    service.child.kill('SIGTERM');

    assert.deepEqual(await service.exit, { code: 0, signal: null });
    assert.ok([0, 499, 503].includes(await answer), `answered ${await answer}`);
  });

  it('exits 1 at the hard limit when something never ends', async () => {
    const service = start({ FIXTURE: 'main hangs' });
    await service.said('main hangs');

    service.child.kill('SIGTERM');

    assert.deepEqual(await service.exit, { code: 1, signal: null });
    assert.match(service.errorOutput, /still not down .* \(SIGTERM\); ending it/);
  });
});

describe('a process that fails', () => {
  it('exits 1 with the service, the cause and the fix when a server cannot start, and stops the others', async () => {
    const service = start({ FIXTURE: 'server fails' });

    assert.deepEqual(await service.exit, { code: 1, signal: null });
    assert.match(service.errorOutput, /fixture could not start/);
    assert.match(service.errorOutput, /cause: 127\.0\.0\.1:1 is already in use/);
    assert.match(service.errorOutput, /fix: {3}stop the program that uses the port/);
    for (const line of ['failing server stopped', 'last closer', 'first closer'])
      assert.ok(service.lines.includes(line), line);
    assert.ok(!service.lines.some((line) => line.includes('is ready')));
  });

  it('exits 1 with what main threw', async () => {
    const service = start({ FIXTURE: 'main fails' });

    assert.deepEqual(await service.exit, { code: 1, signal: null });
    assert.match(service.errorOutput, /fixture-1 could not start\n {2}cause: the wires are crossed/);
  });

  it('exits 1 naming the variable that is wrong', async () => {
    const service = start({ FLOTILLA_ADMIN_PORT: 'eighty' });

    assert.deepEqual(await service.exit, { code: 1, signal: null });
    assert.match(service.errorOutput, /FLOTILLA_ADMIN_PORT is "eighty"; it must be a port from 0 \(any\) to 65535/);
  });

  for (const [path, text] of [
    ['/throw', 'nobody caught an exception'],
    ['/reject', 'nobody handled a rejected promise'],
  ] as const) {
    it(`logs the whole chain, drains and exits 70 after ${path}`, async () => {
      const service = start();
      const url = await service.url();
      const held = fetch(`${url}/held`);
      await service.said('held');

      const crashing = fetch(url + path);

      assert.equal((await crashing).status, 204);
      assert.equal((await held).status, 200);
      assert.deepEqual(await service.exit, { code: 70, signal: null });
      const line = JSON.parse(await service.said(text)) as { level: string; error: { stack: string } };
      assert.equal(line.level, 'fatal');
      assert.match(
        line.error.stack,
        path === '/throw' ? /caused by: Error: the first cause/ : /rejected where nobody handles/,
      );
    });
  }
});

describe('a process with a registry', () => {
  it('is listed when it is ready, and leaves the list before its running calls have ended', async () => {
    const life = background().withCancel();
    const registry = memoryRegistry();
    const router = createRouter();
    router.mount(registryRoutes(registry, { ctx: life }));
    const server = createHttpServer({ name: 'registry', router, listener: tcpListener({ port: 0 }) });
    const [endpoint] = await server.start(background());
    const service = start({ FLOTILLA_REGISTRY_URL: endpoint!.url, FIXTURE: 'short drain' });
    const url = await service.url();
    const lists = registry.watch(life, 'fixture')[Symbol.asyncIterator]();
    const next = async () => ((await lists.next()).value as Snapshot).instances;

    const [instance] = await next();
    assert.deepEqual([instance?.id, instance?.version, instance?.endpoints.http], ['fixture-1', '1.0.0', url]);
    let hasEnded = false;
    // It is cut when its time to drain is over, which begins when the instance has left the list.
    const call = fetch(`${url}/endless`)
      .catch(() => {})
      .finally(() => {
        hasEnded = true;
      });
    await service.said('tick');
    service.child.kill('SIGTERM');
    assert.deepEqual(await next(), []);
    assert.equal(hasEnded, false);

    await call;
    assert.deepEqual(await service.exit, { code: 0, signal: null });
    life.cancel();
    await server.stop(life);
  });
});

describe('a process with a supervisor', () => {
  it('tells that it is ready, where, and that it drains when it is asked to', async () => {
    const service = start({ FLOTILLA_SUPERVISED: '1' });

    const ready = (await service.told('ready')) as unknown as { endpoints: { name: string; url: string }[] };
    service.child.send({ type: 'drain' });

    assert.deepEqual(ready.endpoints.map(({ name }) => name).sort(), ['admin', 'http']);
    await service.told('draining');
    assert.deepEqual(await service.exit, { code: 0, signal: null });
  });

  it('tells why it could not start, with the reason for a program', async () => {
    const service = start({ FLOTILLA_SUPERVISED: '1', FIXTURE: 'server fails' });

    const failed = await service.told('failed');

    assert.equal(failed.code, 'ADDRESS_IN_USE');
    assert.match(String(failed.fix), /^stop the program that uses the port/);
    assert.match(String(failed.message), /^127\.0\.0\.1:1 is already in use\n/);
    assert.deepEqual(await service.exit, { code: 1, signal: null });
  });

  it('answers its running calls and exits 0 when the supervisor is gone', async () => {
    const service = start({ FLOTILLA_SUPERVISED: '1' });
    const answer = fetch(`${await service.url()}/held`);
    await service.said('held');

    service.child.disconnect();
    // Its pipes are gone too: nobody reads what it logs on the way down.
    service.child.stdout?.destroy();
    service.child.stderr?.destroy();

    assert.equal((await answer).status, 200);
    assert.deepEqual(await service.exit, { code: 0, signal: null });
  });

  it('does not take a Ctrl-C after the request to drain for the second keystroke', async () => {
    const service = start({ FLOTILLA_SUPERVISED: '1' });
    const answer = fetch(`${await service.url()}/held`);
    await service.said('held');

    service.child.send({ type: 'drain' });
    await service.told('draining');
    service.child.kill('SIGINT');

    assert.equal((await answer).status, 200);
    assert.deepEqual(await service.exit, { code: 0, signal: null });
  });

  it('in a renewal waits for the clients of idle connections, until it is told that there is no time', async () => {
    const service = start({ FLOTILLA_SUPERVISED: '1' });
    const url = await service.url();
    const [active, late, idle] = [
      new Agent({ keepAlive: true }),
      new Agent({ keepAlive: true }),
      new Agent({ keepAlive: true }),
    ];
    await Promise.all([active, late, idle].map((agent) => connectionHeader(url, agent)));
    const running = new AbortController();
    void fetch(`${url}/endless`, { signal: running.signal }).catch(() => {});
    await service.said('tick');

    service.child.send({ type: 'drain', isRenewal: true });
    await service.told('draining');
    assert.equal(await connectionHeader(url, active), 'close');
    // Half a second of its own time: longer than idle connections are kept otherwise.
    const ticks = service.lines.filter((line) => line === 'tick').length;
    await service.said('tick', ticks + 25);
    running.abort();
    assert.equal(await connectionHeader(url, late), 'close');
    const toldAt = performance.now();
    service.child.send({ type: 'drain', isRenewal: false });

    assert.deepEqual(await service.exit, { code: 0, signal: null });
    assert.ok(performance.now() - toldAt < 3_000, 'it waited for the idle connection');
    idle.destroy();
  });

  it('accepts on the port that it inherited, and loses no connection when it drains', async (t) => {
    // On a clock that stands still the door is patient however long a start takes.
    const door = new Door({ service: 'fixture', port: 0, clock: virtualClock() });
    cleanup(t, () => door.close());
    await door.listen();
    const { port } = door.address;
    const env = { FLOTILLA_SUPERVISED: '1', FLOTILLA_PORT: String(port) };
    const [first, second] = [start(env, door.descriptor), start(env, door.descriptor)];
    const ready = (await first.told('ready')) as unknown as { endpoints: { name: string; url: string }[] };
    const url = `http://127.0.0.1:${port}`;
    assert.equal(ready.endpoints.find(({ name }) => name === 'http')?.url, url);
    first.child.send({ type: 'accept', name: 'http', descriptor: 4 });
    assert.deepEqual(await pidAt(url), { pid: first.child.pid });
    const held = fetch(`${url}/held`);
    await first.said('held');

    first.child.send({ type: 'pause', name: 'http' });
    first.child.send({ type: 'drain' });
    await first.told('draining');
    const waiting = pidAt(url);
    await second.told('ready');
    second.child.send({ type: 'accept', name: 'http', descriptor: 4 });

    assert.deepEqual(await waiting, { pid: second.child.pid });
    assert.equal((await held).status, 200);
    assert.deepEqual(await first.exit, { code: 0, signal: null });
    second.child.send({ type: 'drain' });
    await second.exit;
  });
});

/** On a connection of its own. */
async function pidAt(url: string): Promise<unknown> {
  return (await fetch(url, { headers: { connection: 'close' } })).json();
}

/** Asks once on the agent's connection: what the answer says of it. */
async function connectionHeader(url: string, agent: Agent): Promise<string | undefined> {
  const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
  await once(response.resume(), 'end');
  return response.headers.connection;
}
