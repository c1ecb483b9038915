import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** What runs a command on the core that is meant for it. */
export interface Pinning {
  readonly server: readonly string[];
  readonly client: readonly string[];
}

/** One core for the servers and another for the client and this process, where the machine has two. */
export function pinning(): Pinning {
  if (availableParallelism() < 2 || spawnSync('taskset', ['-V']).status !== 0) {
    process.stderr.write('server and client are not pinned: that needs two cores and taskset\n');
    return { server: [], client: [] };
  }
  spawnSync('taskset', ['-cp', '1', String(process.pid)]);
  return { server: ['taskset', '-c', '0'], client: ['taskset', '-c', '1'] };
}
