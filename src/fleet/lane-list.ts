import { resolve } from 'node:path';
import { registryOf } from '../app/index.ts';
import { background } from '../concurrency/index.ts';
import type { Instance } from '../discovery/index.ts';
import { StatusError } from '../errors/index.ts';
import { findFleet } from './control-client.ts';
import { registryUrlOf } from './environment.ts';
import { loadFleet } from './load-fleet.ts';
import { defaultDataDir } from './up.ts';

/** What a lane has of one service. */
export interface LaneEntry {
  readonly lane: string;
  readonly service: string;
  /** Their ids, in order. */
  readonly instances: readonly string[];
  /** Of the first of them. */
  readonly version: string;
}

/** The registry answers at once, or it is not there. */
const patienceMs = 5_000;

/**
 * The lanes beside the fleet that runs with this data directory, by lane and service: what its registry knows. Throws
 * `failed_precondition` NO_FLEET, and `unavailable` REGISTRY_UNREACHABLE.
 */
export async function listLanes(dataDir: string = defaultDataDir): Promise<readonly LaneEntry[]> {
  const { fleet, close } = await findFleet(resolve(dataDir));
  close();
  const { definition } = await loadFleet(fleet.fleetFile);
  return lanesOf(await instancesIn(registryUrlOf(definition.backends ?? {}, fleet.backendUrl)));
}

/** The lanes among these instances, the baseline left out. */
export function lanesOf(instances: readonly Instance[]): readonly LaneEntry[] {
  const groups = Map.groupBy(
    instances.filter(({ lane }) => lane !== ''),
    ({ lane, service }) => `${lane} ${service}`,
  );
  return [...groups.keys()].sort().map((key) => {
    const members = groups.get(key)!.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const { lane, service, version } = members[0]!;
    return { lane, service, version, instances: members.map(({ id }) => id) };
  });
}

async function instancesIn(url: string): Promise<readonly Instance[]> {
  using ctx = background().withTimeout(patienceMs);
  // Not a list of before, which an instance would use.
  const registry = registryOf(url, undefined);
  try {
    for await (const snapshots of registry.watchAll(ctx)) return snapshots.flatMap(({ instances }) => instances);
  } finally {
    await registry.close();
  }
  throw new StatusError('unavailable', `the registry of the fleet has not answered within ${patienceMs} ms`, {
    reason: 'REGISTRY_UNREACHABLE',
  });
}
