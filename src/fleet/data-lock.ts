import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StatusError } from '../errors/index.ts';

export interface DataLock {
  release(): void;
}

const fileName = 'fleet.pid';

/**
 * Makes the data directory and claims it for this process, so that two fleets do not work on the same files unknowingly.
 * Throws `failed_precondition`, reason `DATA_DIR_IN_USE`, while the process that claimed it lives; the claim of one that
 * was killed is taken over.
 */
export function lockDataDir(directory: string, pid: number = process.pid): DataLock {
  const file = join(directory, fileName);
  try {
    mkdirSync(directory, { recursive: true });
    const holder = readHolder(file);
    if (holder !== undefined && holder !== pid) {
      throw new StatusError(
        'failed_precondition',
        `another fleet (process ${holder}) works in ${directory}: end it, or give this one its own with --data-dir`,
        { reason: 'DATA_DIR_IN_USE', metadata: { pid: String(holder) } },
      );
    }
    writeFileSync(file, `${pid} ${startedAt(pid)}\n`);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new StatusError(
      'failed_precondition',
      `the data directory cannot be used: ${message}; give another with --data-dir`,
      {
        reason: 'DATA_DIR_UNUSABLE',
        cause: error,
      },
    );
  }
  return {
    release() {
      if (readHolder(file) === pid) rmSync(file, { force: true });
    },
  };
}

/** The process that claimed it, if it is still the same one. */
function readHolder(file: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const [pid = '', started = ''] = text.trim().split(' ');
  const number = Number(pid);
  if (!Number.isInteger(number) || number <= 0 || !isAlive(number)) return undefined;
  return startedAt(number) === started ? number : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When the process began, as /proc says it: a process id is used again. `-` on systems without. */
function startedAt(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}
