import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext, type Context } from '../concurrency/index.ts';
import { is } from '../errors/index.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Instance, Registration, Registry, Snapshot } from './registry.ts';

/** Two Registry objects on the same lists (the same one, where there is only one), fresh for each test. */
export interface RegistryFixture {
  readonly registry: Registry;
  readonly other: Registry;
  /** Where others decide who is listed: puts an instance there; the registration takes it out. Default: `registry.register`. */
  place?(ctx: Context, instance: Instance): Promise<Registration>;
  close(): Promise<void>;
}

export interface RegistryContractOptions {
  /** Why nobody can register here. Default: everybody can. */
  readonly isReadOnly?: string;
  /** Why `register` succeeds and keeps nothing. Default: it keeps. */
  readonly keepsNothing?: string;
  /** Why not every field of an instance survives. Default: all do. */
  readonly losesFields?: string;
  /** Why instances have other ids than they were placed with, and stay when they are taken out. Default: neither. */
  readonly hasOwnIds?: string;
}

/** What every Registry must do. Called by the test of each implementation. */
export function registryContract(
  name: string,
  open: () => Promise<RegistryFixture>,
  { isReadOnly, keepsNothing, losesFields, hasOwnIds }: RegistryContractOptions = {},
): void {
  describe(`registry contract: ${name}`, () => {
    let fixture: RegistryFixture;
    let ctx: CancelContext;
    const place = (instance: Instance) => fixture.place?.(ctx, instance) ?? fixture.registry.register(ctx, instance);
    beforeEach(async () => {
      fixture = await open();
      ctx = background().withTimeout(60_000);
    });
    afterEach(async () => {
      ctx.cancel();
      await fixture.close();
    });

    it('gives a watcher the list as it is, empty or not', skipIf(hasOwnIds), async () => {
      const { other } = fixture;
      await place(instanceOf('room-1'));

      assert.deepEqual(idsOf(await first(other.watch(ctx, 'room'))), ['room-1']);
      assert.deepEqual(idsOf(await first(other.watch(ctx, 'nobody'))), []);
    });

    it(
      'tells a watcher what is registered, replaced and deregistered, with growing revisions',
      skipIf(hasOwnIds),
      async () => {
        const { other } = fixture;
        const seen: Snapshot[] = [];
        const reader = other.watch(ctx, 'room')[Symbol.asyncIterator]();
        const next = async () => {
          const { value } = await reader.next();
          seen.push(value as Snapshot);
          return placesOf(value as Snapshot);
        };

        assert.deepEqual(await next(), []);
        const registration = await place(instanceOf('room-1'));
        assert.deepEqual(await next(), ['room-1 http://127.0.0.1:1']);
        const moved = instanceOf('room-1', { endpoints: { rpc: 'http://127.0.0.1:2' } });
        const replacing = await place(moved);
        assert.deepEqual(await next(), ['room-1 http://127.0.0.1:2']);
        await registration.close(ctx);
        await place(instanceOf('room-2'));
        assert.deepEqual(
          await next(),
          ['room-1 http://127.0.0.1:2', 'room-2 http://127.0.0.1:1'],
          'a registration that was replaced removes nothing',
        );
        await replacing.close(ctx);
        assert.deepEqual(await next(), ['room-2 http://127.0.0.1:1']);
        assert.ok(seen.every((snapshot, index) => index === 0 || snapshot.revision > seen[index - 1]!.revision));
      },
    );

    it('gives a slow reader the newest list', async () => {
      const { other } = fixture;
      const reader = other.watch(ctx, 'room')[Symbol.asyncIterator]();
      await reader.next();
      const witness = other.watch(ctx, 'room')[Symbol.asyncIterator]();

      for (const port of [1, 2, 3])
        await place(instanceOf(`room-${port}`, { endpoints: { rpc: `http://127.0.0.1:${port}` } }));
      while (((await witness.next()).value as Snapshot).instances.length < 3);

      let steps = 1;
      while (((await reader.next()).value as Snapshot).instances.length < 3) steps++;
      assert.ok(steps <= 3, `${steps} lists`);
      await Promise.all([reader.return?.(), witness.return?.()]);
    });

    it('keeps every field of an instance', skipIf(losesFields), async () => {
      const { other } = fixture;
      const instance = instanceOf('room-1', {
        version: '1.2.3+build',
        endpoints: { rpc: 'http://127.0.0.1:4001', admin: 'http://[::1]:4002' },
        lane: 'feature-7',
        weight: 2.5,
        metadata: { zone: 'a', note: 'grüße, 世界' },
      });
      await place(instance);

      assert.deepEqual((await first(other.watch(ctx, 'room'))).instances, [instance]);
    });

    it('tells services apart', skipIf(hasOwnIds), async () => {
      const { other } = fixture;
      await place(instanceOf('room-1'));
      await place(instanceOf('rank-1', { service: 'rank' }));

      assert.deepEqual(idsOf(await first(other.watch(ctx, 'rank'))), ['rank-1']);
    });

    it('shows all services that have instances', skipIf(hasOwnIds), async () => {
      const { other } = fixture;
      const all = other.watchAll(ctx)[Symbol.asyncIterator]();
      const next = async () => {
        const { value } = await all.next();
        return (value as readonly Snapshot[]).map(({ service, instances }) => `${service}:${instances.length}`).sort();
      };

      assert.deepEqual(await next(), []);
      const room = await place(instanceOf('room-1'));
      assert.deepEqual(await next(), ['room:1']);
      await place(instanceOf('rank-1', { service: 'rank' }));
      assert.deepEqual(await next(), ['rank:1', 'room:1']);
      await room.close(ctx);
      assert.deepEqual(await next(), ['rank:1']);
    });

    it('lets many go at once that leave on purpose', skipIf(hasOwnIds), async () => {
      const { other } = fixture;
      const registrations: Registration[] = [];
      for (const n of [1, 2, 3, 4, 5, 6])
        registrations.push(await place(instanceOf(`room-${n}`, { endpoints: { rpc: `http://127.0.0.1:${n}` } })));
      const one = other.watch(ctx, 'room')[Symbol.asyncIterator]();
      const all = other.watchAll(ctx)[Symbol.asyncIterator]();
      const inOne = async () => idsOf((await one.next()).value as Snapshot);
      const inAll = async () => ((await all.next()).value as readonly Snapshot[]).flatMap((list) => idsOf(list));
      while ((await inOne()).length < 6);
      while ((await inAll()).length < 6);

      await Promise.all(registrations.slice(1).map((registration) => registration.close(ctx)));

      const [seen, seenOfAll] = [await inOne(), await inAll()];
      while (seen.length > 1) seen.splice(0, seen.length, ...(await inOne()));
      while (seenOfAll.length > 1) seenOfAll.splice(0, seenOfAll.length, ...(await inAll()));
      assert.deepEqual([seen, seenOfAll], [['room-1'], ['room-1']]);
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

    it('lets a registration be closed twice', skipIf(isReadOnly), async () => {
      const { registry, other } = fixture;
      const registration = await registry.register(ctx, instanceOf('room-1'));

      await registration.close(ctx);
      await registration.close(ctx);

      assert.deepEqual(idsOf(await first(other.watch(ctx, 'room'))), []);
    });

    it('takes endpoints of every protocol that is served', skipIf(losesFields), async () => {
      const endpoints = {
        web: 'https://room:1',
        echo: 'tcp://127.0.0.1:1',
        chat: 'tls://[::1]:1',
        near: 'tcp+unix://%2Frun%2Fx',
      };

      await place(instanceOf('room-1', { endpoints }));

      assert.deepEqual((await first(fixture.other.watch(ctx, 'room'))).instances[0]?.endpoints, endpoints);
    });

    it(
      'refuses to register where others decide',
      skipIf(isReadOnly === undefined && 'it takes registrations'),
      async () => {
        await assert.rejects(fixture.registry.register(ctx, instanceOf('room-1')), (error) =>
          is(error, DiscoveryErrors.READ_ONLY),
        );
      },
    );

    it(
      'lets register where it keeps nothing',
      skipIf(keepsNothing === undefined && 'it keeps what is registered'),
      async () => {
        const registration = await fixture.registry.register(ctx, instanceOf('room-1'));

        assert.deepEqual(idsOf(await first(fixture.other.watch(ctx, 'room'))), []);
        await registration.close(ctx);
      },
    );

    for (const [what, bad] of badInstances) {
      it(`refuses an instance with ${what}`, skipIf(isReadOnly), async () => {
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

function skipIf(reason: string | false | undefined): { readonly skip: string | false } {
  return { skip: reason ?? false };
}

function placesOf({ instances }: Snapshot): string[] {
  return instances.map(({ id, endpoints }) => `${id} ${endpoints.rpc}`).sort();
}

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
