import type { Pinning } from '../http/pinning.ts';
import { ServerProcess } from '../http/server-process.ts';
import type { LoadResult } from './answer-loads.ts';
import type { Pair } from './contenders.ts';
import { LineProcess } from './line-process.ts';
import { type LoadName, loads } from './rows.ts';

/** A server and its client, each a process of its own. */
export class PairProcess {
  readonly #server: ServerProcess;
  readonly #client: LineProcess;
  readonly #cold: Set<LoadName>;
  readonly #warmUpSeconds: number;

  private constructor(server: ServerProcess, client: LineProcess, names: readonly LoadName[], warmUpSeconds: number) {
    this.#server = server;
    this.#client = client;
    this.#cold = new Set(names);
    this.#warmUpSeconds = warmUpSeconds / names.length;
  }

  /** `warmUpSeconds`: how long the pair runs, over all its loads, before what it does counts. */
  static async start(
    { server, client, loads: names }: Pair,
    pin: Pinning,
    warmUpSeconds: number,
  ): Promise<PairProcess> {
    const process = await ServerProcess.start(server, pin.server);
    const caller = new LineProcess([...pin.client, ...client.command(process.port)], client.env);
    return new PairProcess(process, caller, names, warmUpSeconds);
  }

  /** The rows of a load, by their names. */
  async measure(name: LoadName, seconds: number): Promise<Record<string, number>> {
    const { kind, callers } = loads[name];
    if (this.#cold.delete(name) && this.#warmUpSeconds > 0)
      await this.#client.ask(`${kind} ${callers} ${this.#warmUpSeconds}`);
    const before = { client: this.#client.cpuMicros(), server: this.#server.cpuMicros() };
    const result = await this.#client.ask<LoadResult>(`${kind} ${callers} ${seconds}`);
    const { calls, failed = 0 } = result;
    if (failed > 0) process.stderr.write(`${name}: ${failed} calls failed beside ${calls}\n`);
    return {
      [name]: result.calls / result.seconds,
      [`p50-${name}`]: result.p50,
      [`p99-${name}`]: result.p99,
      [`cpu-client-${name}`]: (this.#client.cpuMicros() - before.client) / result.calls,
      [`cpu-server-${name}`]: (this.#server.cpuMicros() - before.server) / result.calls,
    };
  }

  async stop(): Promise<void> {
    this.#client.stop();
    await this.#server.stop();
  }

  /** Ends both without waiting. */
  abandon(): void {
    this.#client.stop();
    this.#server.abandon();
  }
}
