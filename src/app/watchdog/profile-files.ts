import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ProfileFilesOptions {
  /** Made if it is not there. */
  readonly directory: string;
  /** The oldest go when there are more. */
  readonly maxFiles: number;
}

const extension = '.cpuprofile';

/**
 * Writes the profile to `<directory>/<instance>-<time>.cpuprofile`, which only its owner may read, and removes the oldest
 * ones. Gives the file's path. Blocks. Throws what the file system says.
 */
export function keepProfile(profile: unknown, instance: string, at: Date, options: ProfileFilesOptions): string {
  const { directory, maxFiles } = options;
  mkdirSync(directory, { recursive: true });
  const time = at.toISOString().replaceAll(':', '').replace('.', '-');
  const file = join(directory, `${instance.replace(/[^\w.-]/g, '-')}-${time}${extension}`);
  const text = JSON.stringify(profile);
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    // Half a profile on a full disk is of no use, and would be there for ever.
    rmSync(file, { force: true });
    throw error;
  }
  for (const old of profilesIn(directory).slice(maxFiles)) rmSync(old, { force: true });
  return file;
}

/** Newest first. */
function profilesIn(directory: string): string[] {
  const files = readdirSync(directory).filter((name) => name.endsWith(extension));
  const aged = files.map((name) => ({ path: join(directory, name), writtenAt: writtenAt(join(directory, name)) }));
  return aged.sort((a, b) => b.writtenAt - a.writtenAt || (a.path < b.path ? 1 : -1)).map(({ path }) => path);
}

/** Another process that shares the folder may have removed it meanwhile. */
function writtenAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
