import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { StatusError } from '../../../errors/index.ts';

/** What a socket address holds, less the byte that ends it: Linux takes 107, macOS and the BSDs 103. */
const longestPath = process.platform === 'linux' ? 107 : 103;

/** Throws a RangeError for a path that no socket can have. */
export function checkUnixPath(where: string, path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes === 0 || bytes > longestPath || path.includes('\0', 1))
    throw new RangeError(`${where}: the path "${path}" has ${bytes} bytes; a Unix socket takes 1 to ${longestPath}`);
  if (path.startsWith('\0') && process.platform !== 'linux')
    throw new RangeError(`${where}: abstract Unix sockets are there on Linux only`);
}

/**
 * Makes room for a Unix socket: removes one that a process has left behind. Throws ADDRESS_IN_USE if somebody listens there,
 * or if it is something else than a socket, which is not ours to remove.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  if (path.startsWith('\0')) return;
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw inUse(path, 'is not a socket: choose another path, or remove it yourself');
  if (await hasListener(path)) throw inUse(path, 'is in use by another process: stop it or choose another path');
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** Who may connect: those who may write to the socket's file. */
export async function setMode(path: string, mode: number | undefined): Promise<void> {
  if (mode !== undefined && !path.startsWith('\0')) await chmod(path, mode);
}

function hasListener(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    // Refused: nobody listens. Anything else, such as a full queue or no permission, says that somebody may.
    probe.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

function inUse(path: string, what: string): StatusError {
  return new StatusError('already_exists', `${path} ${what}`, { reason: 'ADDRESS_IN_USE', metadata: { path } });
}
