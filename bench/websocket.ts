import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Contestant, MakeSubject, Row } from './harness.ts';
import { Echoes, Listeners, open } from './websocket/load.ts';
import type { Question } from './websocket/measured.ts';

const echoConnections = 64;
const members = 2000;
const perBatch = { 'echo-60': 1, 'echo-60-batch-16': 16 } as const;

/**
 * What a message of 60 bytes costs a server: CPU time of its process, all threads, so that a busy machine weighs little. The
 * server runs in a process of its own, the clients in this one. What an idle connection keeps in memory is the bench
 * http-memory.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const servers = { ours: await Server.start('ours.ts'), ws: await Server.start('ws.ts') };
  const contestant =
    (server: Server): Contestant =>
    async (part) => ({
      [part]:
        part === 'broadcast-2000'
          ? await server.broadcast(quick ? 20 : 60)
          : await server.echo(perBatch[part as keyof typeof perBatch], quick ? 300 : 1500),
    });
  return {
    rows,
    parts: rows.map(({ name }) => name),
    ours: contestant(servers.ours),
    peers: { ws: contestant(servers.ws) },
    async close() {
      servers.ours.stop();
      servers.ws.stop();
    },
  };
};

class Server {
  readonly #process: ChildProcess;
  readonly #port: number;
  #room: Listeners | undefined;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.#port = port;
  }

  static async start(file: string): Promise<Server> {
    const child = fork(new URL(`websocket/${file}`, import.meta.url), {
      env: { ...process.env, NODE_ENV: 'production' },
    });
    const [port] = (await once(child, 'message')) as [number];
    return new Server(child, port);
  }

  /** Microseconds per message that came and went back. */
  async echo(batch: number, forMs: number): Promise<number> {
    const echoes = new Echoes(await open(this.#port, '/echo', echoConnections), batch);
    await pass(forMs / 3);
    const [cpu, answered] = [await this.#ask({ ask: 'cpu' }), echoes.answered];
    await pass(forMs);
    const spent = (await this.#ask({ ask: 'cpu' })) - cpu;
    const count = echoes.answered - answered;
    echoes.stop();
    return spent / count;
  }

  /** Microseconds per member and message. */
  async broadcast(times: number): Promise<number> {
    this.#room ??= new Listeners(await open(this.#port, '/room', members));
    const cpu = await this.#ask({ ask: 'cpu' });
    const heard = this.#room.heard(times);
    const spent = (await this.#ask({ ask: 'broadcast', times })) - cpu;
    await heard;
    return spent / times / members;
  }

  stop(): void {
    this.#room?.close();
    this.#process.disconnect();
  }

  async #ask(question: Question): Promise<number> {
    this.#process.send(question);
    const [micros] = (await once(this.#process, 'message')) as [number];
    return micros;
  }
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const rows: readonly Row[] = [
  { name: 'echo-60', unit: 'µs', better: 'lower', goals: { ws: 1 } },
  { name: 'echo-60-batch-16', unit: 'µs', better: 'lower', goals: { ws: 3 } },
  { name: 'broadcast-2000', unit: 'µs', better: 'lower', goals: { ws: 1 } },
];
