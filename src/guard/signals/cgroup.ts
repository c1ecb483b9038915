import { readFile } from 'node:fs/promises';

/** What the container allows, and what it uses; Infinity and 0 where nothing is said. */
export interface CgroupReading {
  /** Processors' worth of time. */
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
}

export const noCgroup: CgroupReading = { cpus: Number.POSITIVE_INFINITY, memoryBytes: 0, memoryLimitBytes: Infinity };

/** Reads a file; undefined if it cannot be read. */
export type ReadText = (path: string) => Promise<string | undefined>;

export const readText: ReadText = (path) => readFile(path, 'utf8').catch(() => undefined);

interface Folders {
  readonly version: 1 | 2;
  readonly cpu: string;
  readonly memory: string;
}

/**
 * Reads the limits of this process's control group, version 1 or 2. Gives {@link noCgroup} on systems without. The path
 * of `/proc/self/cgroup` may be that of the host (no namespace of its own): then the root of the mount is ours.
 */
export async function readCgroup(read: ReadText = readText): Promise<CgroupReading> {
  const paths = await read('/proc/self/cgroup');
  if (paths === undefined) return noCgroup;
  const folders = foldersOf(paths);
  return folders.version === 2 ? readVersion2(read, folders) : readVersion1(read, folders);
}

const root = '/sys/fs/cgroup';

function foldersOf(text: string): Folders {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [id, names, path] = line.split(':');
    if (path === undefined) continue;
    for (const name of id === '0' ? ['unified'] : (names ?? '').split(',')) paths.set(name, path === '/' ? '' : path);
  }
  const [cpu, memory] = [paths.get('cpu'), paths.get('memory')];
  if (cpu === undefined && memory === undefined) {
    const folder = root + (paths.get('unified') ?? '');
    return { version: 2, cpu: folder, memory: folder };
  }
  return { version: 1, cpu: `${root}/cpu${cpu ?? ''}`, memory: `${root}/memory${memory ?? ''}` };
}

async function readVersion2(read: ReadText, { cpu, memory }: Folders): Promise<CgroupReading> {
  const first = async (folder: string, name: string) => (await read(`${folder}/${name}`)) ?? read(`${root}/${name}`);
  const [max, limit, used, stat] = await Promise.all([
    first(cpu, 'cpu.max'),
    first(memory, 'memory.max'),
    first(memory, 'memory.current'),
    first(memory, 'memory.stat'),
  ]);
  const [quota, period] = (max ?? '').trim().split(' ').map(Number);
  return {
    cpus: cpusOf(quota, period),
    memoryLimitBytes: limitOf(limit),
    memoryBytes: usedOf(used, stat, 'inactive_file'),
  };
}

async function readVersion1(read: ReadText, { cpu, memory }: Folders): Promise<CgroupReading> {
  const first = async (folder: string, kind: string, name: string) =>
    (await read(`${folder}/${name}`)) ?? read(`${root}/${kind}/${name}`);
  const [quota, period, limit, used, stat] = await Promise.all([
    first(cpu, 'cpu', 'cpu.cfs_quota_us'),
    first(cpu, 'cpu', 'cpu.cfs_period_us'),
    first(memory, 'memory', 'memory.limit_in_bytes'),
    first(memory, 'memory', 'memory.usage_in_bytes'),
    first(memory, 'memory', 'memory.stat'),
  ]);
  return {
    cpus: cpusOf(Number(quota), Number(period)),
    memoryLimitBytes: limitOf(limit),
    memoryBytes: usedOf(used, stat, 'total_inactive_file'),
  };
}

/** A quota of `max` or -1 is none. */
function cpusOf(quota: number | undefined, period: number | undefined): number {
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return Number.POSITIVE_INFINITY;
  return quota / period;
}

/** Version 1 says "no limit" with the largest multiple of a page. */
function limitOf(text: string | undefined): number {
  const bytes = Number(text?.trim());
  return bytes > 0 && bytes < 2 ** 60 ? bytes : Number.POSITIVE_INFINITY;
}

/** The kernel takes back the pages of files that nobody has read lately before it ends a process. */
function usedOf(used: string | undefined, stat: string | undefined, inactive: string): number {
  const bytes = Number(used?.trim());
  if (!(bytes > 0)) return 0;
  const found = stat?.split('\n').find((line) => line.startsWith(`${inactive} `));
  return Math.max(0, bytes - Number(found?.split(' ')[1] ?? 0));
}
