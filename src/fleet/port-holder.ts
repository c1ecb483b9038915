import { readdir, readFile, readlink } from 'node:fs/promises';

export interface PortHolder {
  readonly pid: number;
  /** As it was started, shortened. */
  readonly command: string;
}

const maxCommand = 80;
/** The state of a listening socket in /proc/net/tcp. */
const listening = '0A';

/**
 * The process that listens on the port, as far as /proc tells: undefined on other systems, and for a process of another
 * user.
 */
export async function portHolder(port: number, proc = '/proc'): Promise<PortHolder | undefined> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`${proc}/net/${name}`, 'utf8').catch(() => '')),
  );
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return undefined;
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (await holdsSocket(`${proc}/${pid}/fd`, inodes)) {
      const command = await readFile(`${proc}/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(pid), command: shorten(command.split('\0').join(' ').trim()) };
    }
  }
  return undefined;
}

/** The inodes of the sockets that listen on the port, from the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
    return local.endsWith(suffix) && state === listening ? [inode] : [];
  });
}

async function holdsSocket(directory: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(directory).catch(() => []);
  for (const descriptor of descriptors) {
    const target = await readlink(`${directory}/${descriptor}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

function shorten(text: string): string {
  return text.length > maxCommand ? `${text.slice(0, maxCommand - 1)}…` : text;
}
