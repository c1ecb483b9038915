import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext, rootContext } from '../../concurrency/index.ts';
import type { Instance, Registration, Registry, Snapshot } from '../../discovery/index.ts';
import { first, idsOf, instanceOf, registryContract } from '../../discovery/registry.contract.ts';
import { registryFaults } from '../../discovery/registry-faults.contract.ts';
import { virtualClock } from '../../testing/index.ts';
import { type KubernetesRegistryOptions, kubernetesRegistry } from './index.ts';
import { FakeKubernetes, type FakeSlice } from './testdata/fake-kubernetes.ts';

const quick = { backoff: { firstMs: 5, maxMs: 20 }, namespace: 'live', accountDir: '' };

/** A slice of its own for each instance: the registration that was placed last owns it. */
function sliceOf({ id, service, endpoints }: Instance): FakeSlice {
  const url = new URL(endpoints.rpc ?? '');
  return {
    metadata: { name: `${service}-${id}`, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: 'rpc', port: Number(url.port) }],
    endpoints: [{ addresses: [url.hostname], conditions: { ready: true }, targetRef: { kind: 'Pod', name: id } }],
  };
}

class Placed {
  readonly #kubernetes: FakeKubernetes;
  readonly #owners = new Map<string, object>();

  constructor(kubernetes: FakeKubernetes) {
    this.#kubernetes = kubernetes;
  }

  place(instance: Instance): Promise<Registration> {
    const slice = sliceOf(instance);
    const { name } = slice.metadata;
    this.#owners.set(name, slice);
    this.#kubernetes.put(slice);
    return Promise.resolve({
      close: async () => {
        if (this.#owners.get(name) === slice) this.#kubernetes.delete(name);
      },
    });
  }
}

async function open() {
  const kubernetes = await new FakeKubernetes().start();
  const placed = new Placed(kubernetes);
  const registry = kubernetesRegistry({ url: kubernetes.server.url, ...quick });
  const close = async () => {
    await registry.close();
    await kubernetes.stop();
  };
  const place = (_: unknown, instance: Instance) => placed.place(instance);
  return { registry, other: registry, server: kubernetes.server, place, close };
}

registryContract('kubernetes', open, {
  keepsNothing: 'kubernetes lists pods by their readiness',
  losesFields: 'an EndpointSlice has no place for them',
});
registryFaults('kubernetes', open);

describe('a registry in kubernetes', () => {
  let kubernetes: FakeKubernetes;
  let placed: Placed;
  let ctx: CancelContext;
  let registry: Registry;
  const open = (options: Partial<KubernetesRegistryOptions> = {}) =>
    kubernetesRegistry({ url: kubernetes.server.url, ...quick, ...options });
  beforeEach(async () => {
    kubernetes = await new FakeKubernetes().start();
    placed = new Placed(kubernetes);
    ctx = background().withTimeout(60_000);
    registry = open();
  });
  afterEach(async () => {
    ctx.cancel();
    await registry.close();
    await kubernetes.stop();
  });

  const next = async (reader: AsyncIterator<Snapshot>) => idsOf((await reader.next()).value as Snapshot);
  const lists = () => kubernetes.server.calls.length;

  it('goes on from the last version when the server ends a watch, without another list', async () => {
    await placed.place(instanceOf('room-1'));
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    await next(reader);
    await placed.place(instanceOf('room-2'));
    await next(reader);
    const before = lists();

    kubernetes.endWatches();
    await kubernetes.server.called(1);
    await placed.place(instanceOf('room-3'));

    assert.deepEqual(await next(reader), ['room-1', 'room-2', 'room-3']);
    assert.equal(lists() - before, 1, 'one more watch, and no list');
  });

  it('takes the version of a bookmark, so that a watch survives a compaction', async () => {
    await placed.place(instanceOf('room-1'));
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    await next(reader);
    while (!kubernetes.server.calls.some((call) => call.includes('endpointslices')) || lists() < 2)
      await kubernetes.server.called(1);
    kubernetes.bookmark();
    await placed.place(instanceOf('room-2'));
    await next(reader);
    kubernetes.compact();
    const before = lists();

    kubernetes.endWatches();
    await kubernetes.server.called(1);
    await placed.place(instanceOf('room-3'));

    assert.deepEqual(await next(reader), ['room-1', 'room-2', 'room-3']);
    assert.equal(lists() - before, 1);
  });

  for (const how of ['expireWatches', 'server restarted'] as const) {
    it(`lists anew what is too old (${how})`, async () => {
      await placed.place(instanceOf('room-1'));
      const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
      await next(reader);
      if (lists() < 2) await kubernetes.server.called(1);

      if (how === 'expireWatches') kubernetes.expireWatches();
      else {
        await kubernetes.server.stop();
        await placed.place(instanceOf('room-1'));
        kubernetes.compact();
        await kubernetes.server.start();
      }
      await placed.place(instanceOf('room-2'));

      assert.deepEqual(await next(reader), ['room-1', 'room-2']);
    });
  }

  it('believes an empty list at once: Kubernetes has waited for probes already', async () => {
    const registrations = [await placed.place(instanceOf('room-1')), await placed.place(instanceOf('room-2'))];
    const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
    await next(reader);

    for (const registration of registrations) await registration.close(ctx);

    while ((await next(reader)).length > 0);
  });

  it('reads token and namespace of the service account, and a new token when the old one is refused', async () => {
    const accountDir = mkdtempSync(join(tmpdir(), 'flotilla-account-'));
    const write = (name: string, text: string) => writeFileSync(join(accountDir, name), text);
    write('namespace', 'live\n');
    write('token', 'first\n');
    kubernetes.token = 'first';
    const { namespace: _, ...rest } = quick;
    const inPod = kubernetesRegistry({ url: kubernetes.server.url, ...rest, accountDir });
    const reader = inPod.watch(ctx, 'room')[Symbol.asyncIterator]();
    assert.deepEqual(await next(reader), []);

    kubernetes.token = 'second';
    write('token', 'second\n');
    kubernetes.endWatches();
    await placed.place(instanceOf('room-1'));

    assert.deepEqual(await next(reader), ['room-1']);
    await inPod.close();
    rmSync(accountDir, { recursive: true });
  });

  it('looks at the token again after a minute, before anybody refuses it', async () => {
    const accountDir = mkdtempSync(join(tmpdir(), 'flotilla-account-'));
    writeFileSync(join(accountDir, 'token'), 'first');
    const clock = virtualClock();
    const inPod = open({ accountDir, ctx: rootContext(clock) });
    kubernetes.token = 'first';
    assert.deepEqual(idsOf(await first(inPod.watch(rootContext(clock), 'room'))), []);

    writeFileSync(join(accountDir, 'token'), 'second');
    kubernetes.token = 'second';
    await clock.advance(61_000);

    assert.deepEqual(idsOf(await first(inPod.watch(rootContext(clock), 'room'))), []);
    assert.equal(kubernetes.server.calls.filter((call) => call.startsWith('GET')).length >= 2, true);
    await inPod.close();
    rmSync(accountDir, { recursive: true });
  });

  it('gives a pod that was taken by another service only to that one', async () => {
    await placed.place(instanceOf('room-1'));
    const slice = sliceOf(instanceOf('room-1'));
    const reader = registry.watchAll(ctx)[Symbol.asyncIterator]();
    await reader.next();

    kubernetes.put({ ...slice, metadata: { ...slice.metadata, labels: { 'kubernetes.io/service-name': 'rank' } } });

    const { value } = await reader.next();
    assert.deepEqual(
      (value as Snapshot[]).map(({ service }) => service),
      ['rank'],
    );
  });
});
