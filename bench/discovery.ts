import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryRegistry, type Registry } from '../src/discovery/index.ts';
import { openClient, RegistryAtScale, type ServedRegistry, serveRegistry } from './discovery/registry-at-scale.ts';
import type { MakeSubject } from './harness.ts';

/**
 * 10,000 instances of 200 services in the embedded registry, in this process and over HTTP, where each lives by its
 * heartbeats: how long a change takes until 200 watchers have seen it, and what it costs that nothing happens. Client and
 * server are one process here, so CPU time and memory are those of both sides.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const scale = { services: 200, perService: 50 };
  const instances = scale.services * scale.perService;
  const emptyMiB = heapMiB();
  const served = await serveRegistry(instances);
  const client = openClient(served.url);
  const overHttp = new RegistryAtScale(scale, client, client);
  await overHttp.fill();
  const filledMiB = heapMiB();
  const lists = memoryRegistry({ maxInstances: instances });
  const inMemory = new RegistryAtScale(scale, lists, lists);
  await inMemory.fill();
  const inMemoryMiB = heapMiB() - filledMiB;
  return {
    rows: [
      { name: 'http-one-change', unit: 'ms', better: 'lower', limit: 1_000 },
      { name: 'http-200-changes', unit: 'ms', better: 'lower', limit: 1_000 },
      { name: 'http-idle-cpu', unit: '% of a core', better: 'lower' },
      { name: 'http-memory', unit: 'MiB', better: 'lower' },
      { name: 'memory-one-change', unit: 'ms', better: 'lower', limit: 1_000 },
      { name: 'memory-200-changes', unit: 'ms', better: 'lower', limit: 1_000 },
      { name: 'memory-memory', unit: 'MiB', better: 'lower' },
    ],
    async ours() {
      const http = await overHttp.measure();
      const memory = await inMemory.measure();
      return {
        'http-one-change': http.oneChangeMs,
        'http-200-changes': http.allChangesMs,
        'http-idle-cpu': await idleCpu(quick ? 1_000 : 5_000),
        'http-memory': filledMiB - emptyMiB,
        'memory-one-change': memory.oneChangeMs,
        'memory-200-changes': memory.allChangesMs,
        'memory-memory': inMemoryMiB,
      };
    },
    peers: {},
    close: () => close([overHttp, inMemory], [client, lists], served),
  };
};

async function close(
  scales: readonly RegistryAtScale[],
  registries: readonly Registry[],
  served: ServedRegistry,
): Promise<void> {
  await Promise.all(scales.map((scale) => scale.close()));
  // The server first: nobody needs to be told of 10,000 good-byes.
  await served.stop();
  await Promise.all(registries.map((registry) => registry.close()));
}

/** Heartbeats and polls that wait, in both roles. */
async function idleCpu(ms: number): Promise<number> {
  const [before, began] = [process.cpuUsage(), performance.now()];
  await sleep(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - began);
}

function heapMiB(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
