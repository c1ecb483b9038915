import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext } from '../concurrency/index.ts';
import { is } from '../errors/index.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Instance, Registry, Snapshot } from './registry.ts';

/** Two Registry objects on the same lists (the same one, where there is only one), fresh for each test. */
export interface RegistryFixture {
  readonly registry: Registry;
  readonly other: Registry;
  close(): Promise<void>;
}

/** What every Registry must do. Called by the test of each implementation. */
export function registryContract(name: string, open: () => Promise<RegistryFixture>): void {
  describe(`registry contract: ${name}`, () => {
    let fixture: RegistryFixture;
    let ctx: CancelContext;
    beforeEach(async () => {
      fixture = await open();
      ctx = background().withTimeout(60_000);
    });
    afterEach(async () => {
      ctx.cancel();
      await fixture.close();
    });

    it('gives a watcher the list as it is, empty or not', async () => {
      const { registry, other } = fixture;
      await registry.register(ctx, instanceOf('room-1'));

      assert.deepEqual(idsOf(await first(other.watch(ctx, 'room'))), ['room-1']);
      assert.deepEqual(idsOf(await first(other.watch(ctx, 'nobody'))), []);
    });

    it('tells a watcher what is registered, replaced and deregistered, with growing revisions', async () => {
      const { registry, other } = fixture;
      const seen: Snapshot[] = [];
      const reader = other.watch(ctx, 'room')[Symbol.asyncIterator]();
      const next = async () => {
        const { value } = await reader.next();
        seen.push(value as Snapshot);
        return (value as Snapshot).instances;
      };

      assert.deepEqual(await next(), []);
      const registration = await registry.register(ctx, instanceOf('room-1'));
      assert.deepEqual(await next(), [instanceOf('room-1')]);
      const moved = instanceOf('room-1', { endpoints: { rpc: 'http://127.0.0.1:2' } });
      const replacing = await registry.register(ctx, moved);
      assert.deepEqual(await next(), [moved]);
      await registration.close(ctx);
      await registry.register(ctx, instanceOf('room-2'));
      assert.deepEqual(await next(), [moved, instanceOf('room-2')], 'a registration that was replaced removes nothing');
      await replacing.close(ctx);
      assert.deepEqual(await next(), [instanceOf('room-2')]);
      assert.ok(seen.every((snapshot, index) => index === 0 || snapshot.revision > seen[index - 1]!.revision));
    });

    it('keeps every field of an instance', async () => {
      const { registry, other } = fixture;
      const instance = instanceOf('room-1', {
        version: '1.2.3+build',
        endpoints: { rpc: 'http://127.0.0.1:4001', admin: 'http://[::1]:4002' },
        lane: 'feature-7',
        weight: 2.5,
        metadata: { zone: 'a', note: 'grüße, 世界' },
      });
      await registry.register(ctx, instance);

      assert.deepEqual((await first(other.watch(ctx, 'room'))).instances, [instance]);
    });

    it('tells services apart', async () => {
      const { registry, other } = fixture;
      await registry.register(ctx, instanceOf('room-1'));
      await registry.register(ctx, instanceOf('rank-1', { service: 'rank' }));

      assert.deepEqual(idsOf(await first(other.watch(ctx, 'rank'))), ['rank-1']);
    });

    it('shows all services that have instances', async () => {
      const { registry, other } = fixture;
      const all = other.watchAll(ctx)[Symbol.asyncIterator]();
      const next = async () => {
        const { value } = await all.next();
        return (value as readonly Snapshot[]).map(({ service, instances }) => `${service}:${instances.length}`).sort();
      };

      assert.deepEqual(await next(), []);
      const room = await registry.register(ctx, instanceOf('room-1'));
      assert.deepEqual(await next(), ['room:1']);
      await registry.register(ctx, instanceOf('rank-1', { service: 'rank' }));
      assert.deepEqual(await next(), ['rank:1', 'room:1']);
      await room.close(ctx);
      assert.deepEqual(await next(), ['rank:1']);
    });

    it('ends a watch, without an error, when its Context ends', async () => {
      const { registry } = fixture;
      const watching = ctx.withCancel();
      const reader = registry.watch(watching, 'room')[Symbol.asyncIterator]();
      await reader.next();
      const pending = reader.next();

      watching.cancel();

      assert.equal((await pending).done, true);
    });

    it('ends all watches and takes no more when it is closed', async () => {
      const { registry } = fixture;
      const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
      const all = registry.watchAll(ctx)[Symbol.asyncIterator]();
      await Promise.all([reader.next(), all.next()]);
      const pending = [reader.next(), all.next()];

      await registry.close();

      assert.deepEqual(await Promise.all(pending), [
        { done: true, value: undefined },
        { done: true, value: undefined },
      ]);
      await assert.rejects(registry.register(ctx, instanceOf('room-1')), (error) =>
        is(error, DiscoveryErrors.REGISTRY_CLOSED),
      );
    });

    it('lets a registration be closed twice', async () => {
      const { registry, other } = fixture;
      const registration = await registry.register(ctx, instanceOf('room-1'));

      await registration.close(ctx);
      await registration.close(ctx);

      assert.deepEqual(idsOf(await first(other.watch(ctx, 'room'))), []);
    });

    it('takes endpoints of every protocol that is served', async () => {
      const endpoints = {
        web: 'https://room:1',
        echo: 'tcp://127.0.0.1:1',
        chat: 'tls://[::1]:1',
        near: 'tcp+unix://%2Frun%2Fx',
      };

      await fixture.registry.register(ctx, instanceOf('room-1', { endpoints }));

      assert.deepEqual((await first(fixture.other.watch(ctx, 'room'))).instances[0]?.endpoints, endpoints);
    });

    for (const [what, bad] of badInstances) {
      it(`refuses an instance with ${what}`, async () => {
        await assert.rejects(fixture.registry.register(ctx, { ...instanceOf('room-1'), ...bad } as Instance), (error) =>
          is(error, DiscoveryErrors.INVALID_INSTANCE),
        );
      });
    }
  });
}

const badInstances: readonly (readonly [string, object])[] = [
  ['no id', { id: '' }],
  ['an id that is no name', { id: '../etc' }],
  ['a long id', { id: 'x'.repeat(129) }],
  ['a service that is no name', { service: 'room service' }],
  ['a control character in its version', { version: '1\n2' }],
  ['an endpoint that is no URL', { endpoints: { rpc: 'room:1' } }],
  ['an endpoint of no protocol that is served', { endpoints: { rpc: 'file:///etc/passwd' } }],
  ['a password in an endpoint', { endpoints: { rpc: 'http://me:secret@127.0.0.1:1' } }],
  ['too many endpoints', { endpoints: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`e${n}`, 'http://a'])) }],
  ['too much metadata', { metadata: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`m${n}`, ''])) }],
  ['long metadata', { metadata: { note: 'x'.repeat(513) } }],
  ['metadata that is no text', { metadata: { note: 7 } }],
  ['a negative weight', { weight: -1 }],
  ['a weight that is no number', { weight: Number.NaN }],
];

export function instanceOf(id: string, change: Partial<Instance> = {}): Instance {
  return {
    id,
    service: 'room',
    version: '1.0.0',
    endpoints: { rpc: 'http://127.0.0.1:1' },
    lane: '',
    weight: 1,
    metadata: {},
    ...change,
  };
}

export async function first<T>(values: AsyncIterable<T>): Promise<T> {
  for await (const value of values) return value;
  throw new Error('it ended without a value');
}

export function idsOf({ instances }: Pick<Snapshot, 'instances'>): string[] {
  return instances.map(({ id }) => id).sort();
}
