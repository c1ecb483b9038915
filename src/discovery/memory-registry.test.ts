import assert from 'node:assert/strict';
import { it } from 'node:test';
import { background } from '../concurrency/index.ts';
import { is } from '../errors/index.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import { memoryRegistry } from './memory-registry.ts';
import { first, idsOf, instanceOf, registryContract } from './registry.contract.ts';

registryContract('memory', async () => {
  const registry = memoryRegistry();
  return { registry, other: registry, close: () => registry.close() };
});

it('refuses instances beyond its limit, but lets a known one change', async () => {
  const ctx = background();
  const registry = memoryRegistry({ maxInstances: 1 });
  await registry.register(ctx, instanceOf('room-1'));

  await registry.register(ctx, instanceOf('room-1', { weight: 3 }));
  await assert.rejects(registry.register(ctx, instanceOf('room-2')), (error) =>
    is(error, DiscoveryErrors.REGISTRY_FULL),
  );

  assert.deepEqual(idsOf(await first(registry.watch(ctx, 'room'))), ['room-1']);
});

it('gives a slow reader the newest list and not those between', async () => {
  const ctx = background();
  const registry = memoryRegistry();
  const reader = registry.watch(ctx, 'room')[Symbol.asyncIterator]();
  await reader.next();

  for (let n = 1; n <= 100; n++) await registry.register(ctx, instanceOf(`room-${n}`));

  const { value } = await reader.next();
  assert.equal(value?.instances.length, 100);
});

it('never lets a revision fall, even for a list that nobody used meanwhile', async () => {
  const ctx = background();
  const registry = memoryRegistry();
  const registration = await registry.register(ctx, instanceOf('room-1'));
  const before = await first(registry.watch(ctx, 'room'));

  await registration.close(ctx);

  assert.ok((await first(registry.watch(ctx, 'room'))).revision > before.revision);
});
