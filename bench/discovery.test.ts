import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryRegistry } from '../src/discovery/index.ts';
import { openClient, RegistryAtScale, serveRegistry } from './discovery/registry-at-scale.ts';

const scale = { services: 20, perService: 10 };

test('a change over HTTP reaches all watchers, and one in each service the watcher of each', async () => {
  const served = await serveRegistry(scale.services * scale.perService);
  const registry = openClient(served.url);
  const full = new RegistryAtScale(scale, registry, registry);
  await full.fill();

  const costs = await full.measure();

  assert.ok(costs.oneChangeMs > 0 && costs.allChangesMs > 0, JSON.stringify(costs));
  await full.close();
  await served.stop();
  await registry.close();
});

test('a change in memory reaches all watchers', async () => {
  const registry = memoryRegistry({ maxInstances: scale.services * scale.perService });
  const full = new RegistryAtScale(scale, registry, registry);
  await full.fill();

  const costs = await full.measure();

  assert.ok(costs.oneChangeMs > 0 && costs.allChangesMs > 0, JSON.stringify(costs));
  await full.close();
  await registry.close();
});
