import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';

/**
 * Where the services of a lane find the data of embedded back ends: a copy of the baseline's, made at the lane's first
 * start and kept; nothing; or the baseline's own.
 */
export const laneDataChoices = ['copy', 'empty', 'shared'] as const;
/** One of {@link laneDataChoices}. */
export type LaneDataChoice = (typeof laneDataChoices)[number];

/** What belongs to the fleet and not to its services. */
const own: ReadonlySet<string> = new Set(['fleet.pid', 'control.sock']);
/** Ends the names of copies that are not whole yet. */
const partial = '.part';
/** SQLite's companions: what they hold is in the copy of the database already. */
const companion = /\.sqlite-(wal|shm|journal)$/;

/**
 * Copies the files of a fleet's data directory (not its subdirectories: telemetry, other lanes) into a lane's, where it
 * does not have them yet: databases as they are at one moment, with what is in their write-ahead log.
 */
export async function copyData(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const present = new Set(await readdir(to));
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const { name } = entry;
    if (!entry.isFile() || own.has(name) || companion.test(name) || present.has(name)) continue;
    const [source, target] = [join(from, name), join(to, name)];
    // Under another name until it is whole: a start that is broken off must not leave half a file behind.
    const part = `${target}${partial}`;
    await rm(part, { force: true });
    if (name.endsWith('.sqlite')) await copyDatabase(source, part);
    else await copyFile(source, part);
    if (existsSync(part)) await rename(part, target);
  }
}

async function copyDatabase(source: string, target: string): Promise<void> {
  // One that a service has opened and not written yet has no header to read.
  if ((await stat(source)).size === 0) return;
  using database = new DatabaseSync(source, { readOnly: true });
  await backup(database, target);
}
