import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { closeAll, type Handshake, openIdle } from './handshake.ts';

/** So many connections are opened and closed first: what a server sets up once is not of the connections. */
const warmUpConnections = 500;
/** Descriptors of a process beside its connections. */
const otherDescriptors = 200;

/** Throws if this process may not open so many connections. */
export function requireDescriptors(connections: number): void {
  const limit = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  const wanted = connections + otherDescriptors;
  if (Number(limit) < wanted) {
    throw new Error(`a process may open ${limit} files, the bench needs ${wanted}: raise it with ulimit -Hn`);
  }
}

/** Bytes by which the resident size of a server grows with each connection. The program is a file below `bench/`. */
export async function growthPerConnection(file: string, handshake: Handshake, connections: number): Promise<number> {
  const server = fork(new URL(`../${file}`, import.meta.url), {
    execArgv: ['--expose-gc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const end = () => server.kill('SIGKILL');
  process.once('exit', end);
  try {
    const ended = once(server, 'exit').then(([code]): never => {
      throw new Error(`${file} ended with code ${code}`);
    });
    const [port] = (await Promise.race([once(server, 'message'), ended])) as [number];
    ended.catch(() => {});
    const resident = async () => {
      server.send('collect');
      await Promise.race([once(server, 'message'), ended]);
      return residentBytes(server.pid!);
    };
    await closeAll(await openIdle(port, handshake, warmUpConnections));
    const before = await resident();
    const sockets = await openIdle(port, handshake, connections);
    const after = await resident();
    await closeAll(sockets);
    return (after - before) / connections;
  } finally {
    process.off('exit', end);
    end();
  }
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}
