import type { Contestant } from '../harness.ts';
import { nodeProgram, ServerProcess } from '../http/server-process.ts';
import { Load } from '../overload/load.ts';

const connections = 64;

/** A server that refuses everything, in a process of its own. The owner stops it. */
export interface RejectServer {
  readonly contestant: Contestant;
  stop(): Promise<void>;
}

/** The row `reject` of a program below `bench/`. */
export async function rejectServer(file: string, prefix: readonly string[], seconds: number): Promise<RejectServer> {
  const server = await ServerProcess.start(nodeProgram(file), prefix);
  const abandon = () => server.abandon();
  process.once('exit', abandon);
  const contestant = async (): Promise<Record<string, number>> => {
    const load = await Load.open({ port: server.port, path: '/', connections, random: Math.random });
    try {
      await load.closedLoop(connections, seconds / 4);
      const before = server.cpuMicros();
      const { count, refused } = await load.closedLoop(connections, seconds);
      if (count > 0 || refused === 0) throw new Error(`${file} refused ${refused} requests and served ${count}`);
      return { reject: (server.cpuMicros() - before) / refused / 10 };
    } finally {
      load.close();
    }
  };
  return {
    contestant,
    async stop() {
      process.off('exit', abandon);
      await server.stop();
    },
  };
}
