import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';

/** How to start a server that listens on a port of 127.0.0.1. */
export interface Program {
  command(port: number): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Called when the server has ended. */
  remove?(): void;
}

export function nodeProgram(file: string, args: readonly string[] = []): Program {
  const path = new URL(`../${file}`, import.meta.url).pathname;
  return { command: (port) => [process.execPath, ...args, path, String(port)] };
}

const startTimeoutMs = 20_000;

/** A server in a process of its own. What it writes to stdout is dropped. Its owner ends it, also when this process exits. */
export class ServerProcess {
  readonly port: number;
  /** The command that started it. */
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #program: Program;
  private constructor(port: number, name: string, child: ChildProcess, program: Program) {
    this.port = port;
    this.name = name;
    this.#process = child;
    this.#program = program;
  }

  /** `prefix` runs the command: `taskset -c 0`. Throws if the server has not accepted a connection in 20 seconds. */
  static async start(program: Program, prefix: readonly string[]): Promise<ServerProcess> {
    const port = await freePort();
    const own = program.command(port);
    const [command = '', ...args] = [...prefix, ...own];
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_ENV: 'production', ...program.env },
    });
    const server = new ServerProcess(port, own.join(' '), child, program);
    try {
      await server.#accepting();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** CPU time of the process and its children (a master's workers), all threads, in microseconds. */
  cpuMicros(): number {
    return this.#pids().reduce((sum, pid) => sum + cpuMicrosOf(pid), 0);
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode === null && signalCode === null) {
      const ended = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGTERM');
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), 2000);
      await ended;
      clearTimeout(timer);
    }
    this.#program.remove?.();
  }

  /** Ends it without waiting, when this process exits. */
  abandon(): void {
    for (const pid of this.#pids()) process.kill(pid, 'SIGKILL');
    this.#program.remove?.();
  }

  /** None once it has ended. */
  #pids(): number[] {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return [];
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return [...children.map(Number), pid];
  }

  async #accepting(): Promise<void> {
    const end = performance.now() + startTimeoutMs;
    let failure: Error | undefined;
    this.#process.once('error', (error) => {
      failure = error;
    });
    while (performance.now() < end) {
      if (failure !== undefined) throw new Error(`${this.name} could not be started`, { cause: failure });
      if (this.#process.exitCode !== null) throw new Error(`${this.name} ended with code ${this.#process.exitCode}`);
      if (await accepts(this.port)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${this.name} does not listen on port ${this.port} after ${startTimeoutMs} ms`);
  }
}

/** Of Linux on every architecture that Node runs on (USER_HZ is 100). */
const microsPerTick = 10_000;

/**
 * CPU time of a process, all threads, in microseconds. utime and stime: fields 14 and 15 of proc(5), counted behind the name
 * in parentheses, which may hold blanks.
 */
export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
