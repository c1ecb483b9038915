import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { background, type CancelContext, rootContext } from '../concurrency/index.ts';
import { noTelemetry, withTelemetry } from '../observe/index.ts';
import { virtualClock } from '../testing/index.ts';
import { type CachedRegistryOptions, cachedRegistry } from './cached-registry.ts';
import { deferredRegistry } from './deferred-registry.ts';
import { httpRegistry } from './http-registry.ts';
import { memoryRegistry } from './memory-registry.ts';
import { first, idsOf, instanceOf, registryContract } from './registry.contract.ts';
import type { Registry, Snapshot } from './registry.ts';

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'flotilla-cached-registry-'));
}

registryContract('memory, kept on the disk', async () => {
  const dir = folder();
  const registry = cachedRegistry(memoryRegistry(), { dir });
  return {
    registry,
    other: registry,
    async close() {
      await registry.close();
      rmSync(dir, { recursive: true });
    },
  };
});

registryContract('memory, made when it is used', async () => {
  const registry = deferredRegistry(async () => memoryRegistry());
  return { registry, other: registry, close: () => registry.close() };
});

it('a registry that could not be made is made for the next who asks', async () => {
  let tries = 0;
  const registry = deferredRegistry(async () => {
    if (++tries === 1) throw new Error('too many open files');
    return memoryRegistry();
  });

  await assert.rejects(registry.register(background(), instanceOf('room-1')), /too many open files/);
  await registry.register(background(), instanceOf('room-1'));

  assert.deepEqual(idsOf(await first(registry.watch(background(), 'room'))), ['room-1']);
  assert.equal(tries, 2);
  await registry.close();
});

describe('a registry that is kept on the disk', () => {
  let dir: string;
  let ctx: CancelContext;
  const opened: Registry[] = [];
  const open = (registry: Registry, options: Partial<CachedRegistryOptions> = {}) => {
    const made = cachedRegistry(registry, { dir, waitMs: 5, ...options });
    opened.push(made);
    return made;
  };
  const away = () => httpRegistry({ url: 'http://127.0.0.1:1', backoff: { firstMs: 5, maxMs: 10 } });
  /** A process that saw these and ended. */
  const save = async (service: string, ids: readonly string[], options: Partial<CachedRegistryOptions> = {}) => {
    const registry = memoryRegistry();
    for (const id of ids) await registry.register(ctx, instanceOf(id, { service }));
    const cached = open(registry, options);
    await first(cached.watch(ctx, service));
    await cached.close();
  };
  beforeEach(() => {
    dir = folder();
    ctx = background().withTimeout(60_000);
  });
  afterEach(async () => {
    ctx.cancel();
    await Promise.all(opened.splice(0).map((registry) => registry.close()));
    rmSync(dir, { recursive: true, force: true });
  });

  it('gives the kept list to who starts while the registry is away', async () => {
    await save('room', ['room-1', 'room-2']);

    const snapshot = await first(open(away()).watch(ctx, 'room'));

    assert.deepEqual(snapshot.instances, [instanceOf('room-1'), instanceOf('room-2')]);
  });

  it('goes on with the first list that comes, with a growing revision', async () => {
    await save('room', ['room-1']);
    const { promise, resolve } = Promise.withResolvers<Registry>();
    const reader = open(deferredRegistry(() => promise))
      .watch(ctx, 'room')
      [Symbol.asyncIterator]();
    const kept = (await reader.next()).value as Snapshot;

    const registry = memoryRegistry();
    await registry.register(ctx, instanceOf('room-9'));
    resolve(registry);

    const live = (await reader.next()).value as Snapshot;
    assert.deepEqual([idsOf(kept), idsOf(live)], [['room-1'], ['room-9']]);
    assert.ok(live.revision > kept.revision);
  });

  it('does not touch the kept list where the registry answers in time, be it with none', async () => {
    await save('room', ['room-1']);

    const snapshot = await first(open(memoryRegistry(), { waitMs: 10_000 }).watch(ctx, 'room'));

    assert.deepEqual(idsOf(snapshot), []);
    assert.deepEqual(idsOf(await first(open(away()).watch(ctx, 'room'))), ['room-1'], 'an empty list is not kept');
  });

  it('has no list for a service that it has not seen', async () => {
    await save('room', ['room-1']);
    using short = ctx.withTimeout(50);

    await assert.rejects(first(open(away()).watch(short, 'rank')), /it ended without a value/);
  });

  it('does not use a list that is too old', async () => {
    await save('room', ['room-1'], { now: () => 1_000 });
    using short = ctx.withTimeout(50);

    await assert.rejects(first(open(away(), { now: () => 3_000, maxAgeMs: 1_999 }).watch(short, 'room')));
    assert.deepEqual(idsOf(await first(open(away(), { now: () => 3_000, maxAgeMs: 2_000 }).watch(ctx, 'room'))), [
      'room-1',
    ]);
  });

  it('keeps a list young that does not change, for as long as somebody watches it', async () => {
    const clock = virtualClock();
    const watching = rootContext(clock).withCancel();
    const registry = memoryRegistry();
    await registry.register(ctx, instanceOf('room-1'));
    const cached = open(registry, { now: clock.now, maxAgeMs: 1_000, writeMs: 1 });
    const reader = cached.watch(watching, 'room')[Symbol.asyncIterator]();
    await reader.next();

    for (let n = 0; n < 50; n++) await clock.advance(100);
    watching.cancel();
    await reader.return?.();
    await cached.close();

    const later = (ms: number) => open(away(), { now: () => 5_000 + ms, maxAgeMs: 1_000 });
    assert.deepEqual(idsOf(await first(later(900).watch(ctx, 'room'))), ['room-1']);
    using short = ctx.withTimeout(100);
    await assert.rejects(first(later(1_001).watch(short, 'room')));
    assert.equal(clock.pending, 0);
  });

  it('writes a list again when it is closed, where its clock stood still meanwhile', async () => {
    let now = 1_000;
    const registry = memoryRegistry();
    await registry.register(ctx, instanceOf('room-1'));
    const cached = open(registry, { now: () => now });
    const reader = cached.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();

    now += 172_800_000;
    await cached.close();

    assert.deepEqual(idsOf(await first(open(away(), { now: () => now }).watch(ctx, 'room'))), ['room-1']);
  });

  it('ends at once where its Context has ended before', async () => {
    const ended = ctx.withCancel();
    ended.cancel();

    await assert.rejects(first(open(memoryRegistry()).watch(ended, 'room')), /it ended without a value/);
  });

  it('lets a list grow old that an empty one has replaced', async () => {
    const registry = memoryRegistry();
    const registration = await registry.register(ctx, instanceOf('room-1'));
    let now = 1_000;
    const cached = open(registry, { now: () => now, maxAgeMs: 1_000 });
    const reader = cached.watch(ctx, 'room')[Symbol.asyncIterator]();
    await reader.next();
    await registration.close(ctx);
    await reader.next();

    now = 3_000;
    await cached.close();
    using short = ctx.withTimeout(50);

    await assert.rejects(first(open(away(), { now: () => now, maxAgeMs: 1_000 }).watch(short, 'room')));
  });

  it('does not take the list of another registry, and writes its own in its place', async () => {
    await save('room', ['room-1'], { source: 'staging' });
    using short = ctx.withTimeout(50);

    await assert.rejects(first(open(away(), { source: 'production' }).watch(short, 'room')));
    await save('room', ['room-2'], { source: 'production' });

    assert.deepEqual(idsOf(await first(open(away(), { source: 'production' }).watch(ctx, 'room'))), ['room-2']);
  });

  const corrupt: [what: string, text: string][] = [
    ['is cut off', '{"service":"room","source":"","savedAt":1,"instances":[{'],
    ['is another service’s', '{"service":"rank","source":"","savedAt":1,"instances":[]}'],
    ['has an instance that is none', '{"service":"room","source":"","savedAt":1,"instances":[{"id":"../x"}]}'],
    ['is empty', ''],
  ];
  for (const [what, text] of corrupt) {
    it(`ignores a file that ${what}, and names it in the log`, async () => {
      const warnings: string[] = [];
      const log = { ...noTelemetry.log, warn: (_: unknown, message: string) => void warnings.push(message) };
      await save('room', ['room-1']);
      writeFileSync(join(dir, 'room.list.json'), text);
      using short = withTelemetry(ctx, { ...noTelemetry, log }).withTimeout(100);

      await assert.rejects(first(open(away(), { now: () => 2 }).watch(short, 'room')));

      assert.match(warnings.join('\n'), /room\.list\.json cannot be used and is ignored/);
    });
  }

  it('keeps only so many services, and no other files', async () => {
    for (const service of ['a', 'b', 'c', 'B']) await save(service, ['x-1'], { maxServices: 3 });
    await save('a', ['x-2'], { maxServices: 3 });

    assert.deepEqual(readdirSync(dir).sort(), ['a.list.json', 'b.list.json', 'c.list.json']);
    assert.deepEqual(idsOf(await first(open(away()).watch(ctx, 'a'))), ['x-2']);
  });

  it('tells names apart that differ in case alone, wherever it runs', async () => {
    for (const service of ['room', 'Room']) await save(service, [`${service}-1`]);

    assert.deepEqual(readdirSync(dir).sort(), ['%room.list.json', 'room.list.json']);
  });

  it('stands a directory that cannot be made', async () => {
    writeFileSync(join(dir, 'file'), '');
    const registry = memoryRegistry();
    await registry.register(ctx, instanceOf('room-1'));
    const cached = open(registry, { dir: join(dir, 'file') });

    assert.deepEqual(idsOf(await first(cached.watch(ctx, 'room'))), ['room-1']);
    await cached.close();
  });
});
