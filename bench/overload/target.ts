import { seededRandom } from '../../src/cli/load/arrivals.ts';
import { nodeProgram, type Program, ServerProcess } from '../http/server-process.ts';
import { type Kind, Load } from './load.ts';
import type { Route } from './rows.ts';

/** What protects a server. `default`: what it does that is told nothing. */
export type Guard = 'default' | 'off' | 'aegis';

const connections = 1024;
/** Enough to keep the dependency of `/io` busy. */
const atOnce = 32;

/** A server of the bench that runs in a process of its own. */
export class Target {
  readonly #server: ServerProcess;

  private constructor(server: ServerProcess) {
    this.#server = server;
  }

  static async start(guard: Guard, stretches: number, prefix: readonly string[]): Promise<Target> {
    const file = nodeProgram('overload/server.ts');
    const program: Program = { command: (port) => [...file.command(port), guard, String(stretches)] };
    return new Target(await ServerProcess.start(program, prefix));
  }

  /** Runs `work` with a load on the route that is closed afterwards. */
  async loaded<T>(route: Route, kinds: readonly Kind[], work: (load: Load) => Promise<T>): Promise<T> {
    const { port } = this.#server;
    const load = await Load.open({ port, path: `/${route}`, connections, random: seededRandom(1), kinds });
    try {
      return await work(load);
    } finally {
      load.close();
    }
  }

  /** The most that it answers per second, and the CPU time of each answer in microseconds. Of a server without guard. */
  async capacity(route: Route, seconds: number): Promise<Capacity> {
    return this.loaded(route, anyKind, async (load) => {
      await load.closedLoop(atOnce, seconds / 4);
      const before = this.cpuMicros();
      const { perSecond, count } = await load.closedLoop(atOnce, seconds);
      return { perSecond, cpuMicros: (this.cpuMicros() - before) / count };
    });
  }

  cpuMicros(): number {
    return this.#server.cpuMicros();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  /** Ends it without waiting. */
  abandon(): void {
    this.#server.abandon();
  }
}

export interface Capacity {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

export const anyKind: readonly Kind[] = [{ share: 1 }];
