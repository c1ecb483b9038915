import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isLaneName } from '../call/index.ts';
import * as errors from '../errors/index.ts';
import { defaultReadyTimeoutMs, unknownServices } from './check.ts';
import { findFleet } from './control-client.ts';
import type { FleetCard } from './control-protocol.ts';
import { type DataLock, lockDataDir } from './data-lock.ts';
import type { FleetDefinition } from './definition.ts';
import { type FleetPlan, type RunOptions, runFleetPlan } from './fleet-run.ts';
import { copyData, type LaneDataChoice } from './lane-data.ts';
import { loadFleet } from './load-fleet.ts';
import type { Unit } from './plan.ts';
import { shownPath } from './shown-path.ts';
import { defaultDataDir, watchedRoots } from './up.ts';

export interface LaneUpOptions extends RunOptions {
  readonly lane: string;
  /** What runs in the lane: services of the fleet, each with the file that exports its changed `main`. */
  readonly services: readonly LaneService[];
  /** Of the fleet that runs, relative to the working directory. Default: `.flotilla`. */
  readonly dataDir?: string;
  /** Default: `copy`. */
  readonly data?: LaneDataChoice;
}

export interface LaneService {
  readonly name: string;
  /** Relative to the working directory. */
  readonly path: string;
}

/**
 * Runs changed services in a lane beside the fleet that runs with this data directory, in this process until a signal or
 * the end of that fleet drains them; then the lane's calls go to the baseline again. They share the fleet's registry and
 * telemetry, and find data as `data` says in `lanes/<lane>` of its data directory. Resolves with the exit code, as `up`.
 * Throws a StatusError, reason NO_FLEET, INVALID_LANE, UNKNOWN_SERVICE, NO_SUCH_FILE or LANE_IN_USE.
 */
export async function laneUp(options: LaneUpOptions): Promise<number> {
  checkLaneName(options.lane);
  return runFleetPlan((cwd, held) => planLane(options, cwd, held), options);
}

async function planLane(options: LaneUpOptions, cwd: string, held: DisposableStack): Promise<FleetPlan> {
  const { lane, services, data = 'copy' } = options;
  const fleetDir = resolve(cwd, options.dataDir ?? defaultDataDir);
  const { fleet, ended, close } = await findFleet(fleetDir);
  held.defer(close);
  const { file, definition } = await loadFleet(fleet.fleetFile);
  const units = services.map((service) => unitOf(service, lane, definition, cwd));
  const laneDir = join(fleetDir, 'lanes', lane);
  held.adopt(lock(lane, laneDir), (one) => one.release());
  if (data === 'copy') await copyData(fleetDir, laneDir);
  const { backends = {} } = definition;
  return {
    file,
    title: `lane ${lane} beside ${shownPath(file, cwd)}`,
    units,
    dataDir: data === 'shared' ? fleetDir : laneDir,
    backends,
    lane,
    backendUrl: fleet.backendUrl,
    addresses: addressesOf(fleet, lane),
    watched: watchedRoots([...new Set([dirname(file), ...units.map(({ entry }) => dirname(entry))])]),
    ended: ended.then(() => `the fleet (process ${fleet.pid}) has ended`),
  };
}

function unitOf({ name, path }: LaneService, lane: string, definition: FleetDefinition, cwd: string): Unit {
  const [problem] = unknownServices([name], Object.keys(definition.services), '--service');
  const known = definition.services[name];
  if (problem !== undefined || known === undefined) {
    throw new errors.StatusError('invalid_argument', problem ?? name, { reason: 'UNKNOWN_SERVICE' });
  }
  const entry = resolve(cwd, path);
  if (!existsSync(entry) || !statSync(entry).isFile()) {
    const message = `--service ${name}=${path}: there is no such file (looked at ${entry})`;
    throw new errors.StatusError('not_found', message, { reason: 'NO_SUCH_FILE' });
  }
  // The public port is the baseline's; the lane's own process, if it has one, is reached at another.
  const port = known.port === undefined ? undefined : 0;
  const service = { name, entry, port, env: known.env ?? {} };
  const readyTimeoutMs = known.readyTimeoutMs ?? defaultReadyTimeoutMs;
  return { name: `${name}-${lane}`, kind: 'service', entry, services: [service], replicas: 1, readyTimeoutMs };
}

/** Where the lane is entered: the fleet's own addresses, under the lane's name. */
function addressesOf(fleet: FleetCard, lane: string): [string, string][] {
  const open = Object.entries(fleet.publicUrls);
  const rows = open.map(([service, url]): [string, string] => {
    return [open.length === 1 ? 'app' : service, `http://${lane}.localhost:${new URL(url).port}`];
  });
  return [...rows, ['console', fleet.backendUrl]];
}

function lock(lane: string, directory: string): DataLock {
  try {
    return lockDataDir(directory);
  } catch (error) {
    const pid = errors.as(error)?.metadata.pid;
    if (pid === undefined) throw error;
    const message = `lane ${lane} is up already (process ${pid}): end that, or choose another name`;
    throw new errors.StatusError('failed_precondition', message, { reason: 'LANE_IN_USE', cause: error });
  }
}

function checkLaneName(lane: string): void {
  if (isLaneName(lane)) return;
  throw new errors.StatusError(
    'invalid_argument',
    `"${lane}" is no name of a lane: give 1 to 63 lower-case letters, digits and dashes, like blue or feature-7`,
    { reason: 'INVALID_LANE' },
  );
}
