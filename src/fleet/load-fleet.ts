import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StatusError } from '../errors/index.ts';
import { invalidFleet } from './check.ts';
import { type FleetDefinition, isFleet } from './definition.ts';
import { didYouMean } from './nearest.ts';

export interface LoadedFleet {
  /** Absolute. */
  readonly file: string;
  readonly definition: FleetDefinition;
}

/**
 * Imports a fleet file and checks what needs the disk: that it exports a fleet and that its services' files exist.
 * Throws `not_found` for a missing file and `invalid_argument` for the rest, each with what to do.
 */
export async function loadFleet(path: string, cwd: string = process.cwd()): Promise<LoadedFleet> {
  const file = resolve(cwd, path);
  if (!existsSync(file)) {
    const hint = didYouMean(path, siblings(file));
    throw new StatusError(
      'not_found',
      `there is no fleet file ${path}${hint}; give its path: flotilla up path/to/fleet.ts`,
      {
        reason: 'FLEET_FILE_NOT_FOUND',
      },
    );
  }
  const definition = await importDefault(file, path);
  if (!isFleet(definition)) throw invalidFleet([`${path} must say: export default fleet({ services: { ... } })`]);
  const missing = Object.entries(definition.services).flatMap(([name, service]) =>
    missingFile(file, name, service.path),
  );
  if (missing.length > 0) throw invalidFleet(missing);
  return { file, definition };
}

async function importDefault(file: string, path: string): Promise<unknown> {
  try {
    const loaded: { default?: unknown } = await import(pathToFileURL(file).href);
    return loaded.default;
  } catch (error) {
    if (error instanceof Error && error.name === 'StatusError') throw error;
    throw new StatusError('invalid_argument', `${path} cannot be loaded: ${describe(error)}`, {
      reason: 'INVALID_FLEET',
      cause: error,
    });
  }
}

/** Node puts the place and the source line of a syntax error before the first line of the stack. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const head = `${error.name}: ${error.message}`;
  const [place = ''] = (error.stack ?? '').split('\n');
  return /^file:.*:\d+$/.test(place) ? `${head}\n  at ${place}` : head;
}

function missingFile(fleetFile: string, name: string, path: string): string[] {
  const entry = resolve(dirname(fleetFile), path);
  if (existsSync(entry) && statSync(entry).isFile()) return [];
  const near = didYouMean(relative(dirname(entry), entry), siblings(entry));
  return [
    `services.${name}: there is no file ${path}${near}; the path is relative to the fleet file (looked at ${entry})`,
  ];
}

function siblings(file: string): readonly string[] {
  try {
    return readdirSync(dirname(file));
  } catch {
    return [];
  }
}
