import { existsSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { lockDataDir } from './data-lock.ts';
import { type RunOptions, runFleetPlan } from './fleet-run.ts';
import { loadFleet } from './load-fleet.ts';
import { type PortChoice, plan } from './plan.ts';
import { shownPath } from './shown-path.ts';

export interface UpOptions extends RunOptions {
  /** The fleet file, relative to the working directory. */
  readonly file: string;
  /** Replace the public ports of the fleet file. Default: none. */
  readonly ports?: readonly PortChoice[];
  /** Default: the fleet file's, else 8081. */
  readonly consolePort?: number | undefined;
  /** Default: the fleet file's, else none. */
  readonly colocate?: readonly string[] | 'all' | undefined;
  /** Default: `.flotilla`. */
  readonly dataDir?: string;
}

/** Where a fleet keeps its data where nothing is said, relative to the working directory. */
export const defaultDataDir = '.flotilla';

/**
 * Runs a fleet in this process until a signal, or the end of the parent named by `FLOTILLA_WATCH_PARENT`, drains it.
 * Prints to stdout. Resolves with the exit code: 0, or 130 and the like when a second signal forced the end. Throws a
 * StatusError for what keeps it from starting: a wrong fleet file, a data directory that another fleet uses.
 */
export async function up(options: UpOptions): Promise<number> {
  return runFleetPlan(async (cwd, held) => {
    const { file, definition } = await loadFleet(options.file, cwd);
    const units = plan(definition, file, options);
    const dataDir = resolve(cwd, options.dataDir ?? defaultDataDir);
    held.adopt(lockDataDir(dataDir), (lock) => lock.release());
    const { backends = {} } = definition;
    return {
      file,
      title: shownPath(file, cwd),
      units,
      dataDir,
      backends,
      lane: '',
      watched: watchedRoots([dirname(file)]),
    };
  }, options);
}

/** The directories of services and, where Flotilla runs from its sources, those. */
export function watchedRoots(own: readonly string[]): readonly string[] {
  const source = join(import.meta.dirname, '..');
  const runsFromSource = extname(import.meta.filename) === '.ts' && existsSync(source);
  return runsFromSource ? [...own, source] : own;
}
