import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext } from '../concurrency/index.ts';
import { is } from '../errors/index.ts';
import { createHttpServer, createRouter } from '../net/http/index.ts';
import { tcpListener } from '../net/tcp/index.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { httpRegistry } from './http-registry.ts';
import { memoryRegistry } from './memory-registry.ts';
import { first, idsOf, instanceOf, registryContract } from './registry.contract.ts';
import type { Registry, Snapshot } from './registry.ts';
import { registryRoutes } from './registry-routes.ts';

/** Quick enough to wait for: each wait below ends with an event, not with a time. */
const quick = { backoff: { firstMs: 5, maxMs: 20 } };

interface Served {
  readonly registry: Registry;
  readonly url: string;
  /** Emits `call` with `METHOD route` for each call that was answered. */
  readonly calls: EventEmitter;
  /** As `kill -9` would: nobody is told, all connections are cut. */
  kill(): Promise<void>;
}

/** A registry as the back-end process serves it. */
async function serve(port = 0, ttlMs = 300): Promise<Served> {
  const registry = memoryRegistry();
  const calls = new EventEmitter();
  const life = background().withCancel();
  const router = createRouter({
    middleware: [
      (next, { method }) =>
        async (ctx, input) => {
          const output = await next(ctx, input);
          calls.emit(method);
          return output;
        },
    ],
  });
  router.mount(registryRoutes(registry, { ttlMs, ctx: life }));
  const server = createHttpServer({ name: 'registry', router, listener: tcpListener({ port }) });
  const [endpoint] = await server.start(background());
  return {
    registry,
    calls,
    url: endpoint!.url,
    async kill() {
      const gone = background().withCancel();
      gone.cancel();
      await server.stop(gone);
      life.cancel();
    },
  };
}

registryContract('over HTTP', async () => {
  const served = await serve(0, 15_000);
  const registry = httpRegistry({ url: served.url, ...quick });
  const other = httpRegistry({ url: served.url, ...quick });
  return {
    registry,
    other,
    async close() {
      await Promise.all([registry.close(), other.close()]);
      await served.kill();
    },
  };
});

describe('a registry over HTTP', () => {
  let served: Served;
  let registry: Registry;
  let ctx: CancelContext;
  beforeEach(async () => {
    served = await serve();
    registry = httpRegistry({ url: served.url, ...quick });
    ctx = background().withTimeout(60_000);
  });
  afterEach(async () => {
    await registry.close();
    await served.kill();
    ctx.cancel();
  });

  const renewals = async (count: number) => {
    for (let n = 0; n < count; n++) await once(served.calls, 'POST /registry/v1/instances/:service/:id/renew');
  };

  it('keeps an instance by its heartbeats, TTL after TTL', async () => {
    await registry.register(ctx, instanceOf('room-1'));

    await renewals(9);

    assert.deepEqual(idsOf(await first(served.registry.watch(ctx, 'room'))), ['room-1']);
  });

  it('evicts an instance whose process is gone', async () => {
    const lost = { instance: instanceOf('room-1'), lease: crypto.randomUUID() };
    const reader = served.registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();
    // Asked for before it happens: a reader that asks later gets the newest list alone.
    const listed = reader.next();

    const answer = await fetch(`${served.url}/registry/v1/instances`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(lost),
    });

    assert.equal(answer.status, 201);
    assert.deepEqual(idsOf((await listed).value as Snapshot), ['room-1']);
    assert.deepEqual(idsOf((await reader.next()).value as Snapshot), []);
  });

  it('registers again, at once, what a restarted registry has forgotten', async () => {
    await registry.register(ctx, instanceOf('room-1'));
    const port = Number(new URL(served.url).port);

    await served.kill();
    served = await serve(port);

    for await (const snapshot of served.registry.watch(ctx, 'room')) if (snapshot.instances.length > 0) break;
    assert.deepEqual(idsOf(await first(served.registry.watch(ctx, 'room'))), ['room-1']);
  });

  it('keeps the last list while the registry is away, and never ignores the one after its restart', async () => {
    const watcher = httpRegistry({ url: served.url, ...quick });
    await registry.register(ctx, instanceOf('room-1'));
    const gone = await registry.register(ctx, instanceOf('room-2'));
    const lists = watcher.watch(ctx, 'room')[Symbol.asyncIterator]();
    assert.deepEqual(idsOf((await lists.next()).value as Snapshot), ['room-1', 'room-2']);
    const port = Number(new URL(served.url).port);

    await served.kill();
    // Its process ends while the registry is away: nobody can be told.
    await assert.rejects(gone.close(ctx));
    // Its TTL is many heartbeats of room-1 long, so that room-1 is back before it is over on a busy machine too.
    served = await serve(port, 1_500);

    // The new registry has the revisions of a young one, and for a TTL it cannot know whether it knows all.
    const seen: string[][] = [];
    while (seen.at(-1)?.join() !== 'room-1') seen.push(idsOf((await lists.next()).value as Snapshot));
    assert.ok(
      seen.slice(0, -1).every((ids) => ids.includes('room-1') && ids.includes('room-2')),
      `until the new list is complete both stay: ${JSON.stringify(seen)}`,
    );
    await watcher.close();
  });

  it('says which registry did not answer when the Context ends before one did', async () => {
    await served.kill();
    const short = ctx.withTimeout(30);

    await assert.rejects(registry.register(short, instanceOf('room-1')), (error) => {
      assert.ok(is(error, DiscoveryErrors.REGISTRY_UNREACHABLE));
      assert.match(String(error), new RegExp(served.url));
      return true;
    });
  });

  it('leaves the place to a process that registered the same id later', async () => {
    await registry.register(ctx, instanceOf('room-1'));
    const later = httpRegistry({ url: served.url, ...quick });
    const moved = instanceOf('room-1', { endpoints: { rpc: 'http://127.0.0.1:2' } });
    const registration = await later.register(ctx, moved);

    await renewals(6);

    assert.deepEqual((await first(served.registry.watch(ctx, 'room'))).instances, [moved]);
    await registration.close(ctx);
    await later.close();
  });

  it('takes out what is still registered when it is closed', async () => {
    await registry.register(ctx, instanceOf('room-1'));

    await registry.close();

    assert.deepEqual(idsOf(await first(served.registry.watch(ctx, 'room'))), []);
  });

  const bad: readonly (readonly [string, string, RequestInit, number])[] = [
    ['no JSON', '/registry/v1/instances', { method: 'POST', body: '{' }, 400],
    [
      'an instance without a lease',
      '/registry/v1/instances',
      { method: 'POST', body: JSON.stringify({ instance: instanceOf('a') }) },
      400,
    ],
    [
      'an instance that is none',
      '/registry/v1/instances',
      { method: 'POST', body: JSON.stringify({ instance: 7, lease: 'x'.repeat(16) }) },
      400,
    ],
    ['a body beyond the limit', '/registry/v1/instances', { method: 'POST', body: `"${'x'.repeat(70_000)}"` }, 413],
    ['a service that is no name', '/registry/v1/services/a%20b', {}, 400],
    ['a wait that is no number', '/registry/v1/services/room?waitMs=soon', {}, 400],
    [
      'a renewal of a stranger',
      '/registry/v1/instances/room/room-9/renew',
      { method: 'POST', body: JSON.stringify({ lease: 'x'.repeat(16) }) },
      404,
    ],
  ];
  for (const [what, path, init, status] of bad) {
    it(`answers ${status} to ${what}`, async () => {
      const answer = await fetch(served.url + path, { ...init, headers: { 'content-type': 'application/json' } });

      const body = (await answer.json()) as { code?: unknown; reason?: unknown };
      assert.equal(answer.status, status);
      assert.equal(typeof body.code, 'string');
      assert.equal(typeof body.reason, 'string');
    });
  }

  it('lets nobody remove an instance without its lease', async () => {
    await registry.register(ctx, instanceOf('room-1'));

    await fetch(`${served.url}/registry/v1/instances/room/room-1?lease=${crypto.randomUUID()}`, { method: 'DELETE' });

    assert.deepEqual(idsOf(await first(served.registry.watch(ctx, 'room'))), ['room-1']);
  });

  it('answers a poll that has seen the list only when it changes', async () => {
    const poll = async (cursor: string, waitMs: number) =>
      fetch(`${served.url}/registry/v1/services/room?cursor=${cursor}&waitMs=${waitMs}`);
    // The list is complete after one TTL; this one waits for it.
    let cursor = '';
    for (let complete = false; !complete; )
      ({ cursor, complete } = (await (await poll(cursor, 5_000)).json()) as { cursor: string; complete: boolean });

    assert.equal((await poll(cursor, 10)).status, 204);
    const waiting = poll(cursor, 5_000);
    await registry.register(ctx, instanceOf('room-1'));

    assert.equal((await waiting).status, 200);
  });
});
