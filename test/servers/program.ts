import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why tests that need these programs are skipped; false if all are there. In CI a missing one is a failure. */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((name) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin; command -v ${name}`]).status);
  if (absent.length === 0) return false;
  const reason = `not installed: ${absent.join(', ')} (Debian has them; .ci/run says in which packages)`;
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

/** What a program that ends by itself printed. Throws with its stderr if it fails. */
export function output(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { maxBuffer: 64 * 1024 * 1024, timeout: 60_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stdout}\n${stderr}`));
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** A server from a Debian package: on a port of its own, with its files in a folder of its own, which goes with it. */
export interface Program extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  /** What it has printed so far, stderr included. */
  printed(): string;
  /** Ends it, having let it finish what it does. */
  stop(): Promise<void>;
}

/**
 * `start` is given the port and the folder, and says the command. Waits until the port answers. `stopSignal` (default
 * SIGTERM) is the one on which the program finishes what it does.
 */
export async function startProgram(
  start: (port: number, folder: string) => readonly [command: string, ...args: string[]],
  stopSignal: NodeJS.Signals = 'SIGTERM',
): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-program-'));
  const port = await freePort();
  const [command, ...args] = start(port, folder);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (more) => (text += more));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill(stopSignal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
  };
  await accepting(child, port, () => text);
  return {
    port,
    folder,
    printed: () => text,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function accepting(child: ChildProcess, port: number, printed: () => string): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}: ${printed()}`);
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  throw new Error(`${child.spawnfile} does not listen on port ${port}: ${printed()}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
