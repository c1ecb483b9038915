import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, chan, until } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';

/** How `startFleet` runs `flotilla up`. */
export interface FleetProcessOptions {
  /** Flags after the fleet file. Default: none. */
  readonly args?: readonly string[];
  /** Added to this process's environment. Default: nothing. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the fleet keeps its data; give a folder of the test's own. */
  readonly dataDir: string;
  /** Default: any free port. */
  readonly port?: number;
  /** Default: any free port. */
  readonly consolePort?: number;
  /** Put before the command, for example `['taskset', '-c', '0']`; it must become the command (exec). Default: nothing. */
  readonly prefix?: readonly string[];
}

/** `flotilla` in a process of its own, with the processes that it runs. */
export interface FlotillaProcess extends AsyncDisposable {
  readonly supervisor: ChildProcess;
  /** What it has printed so far, the last 4 million characters of it. */
  output(): string;
  /** Waits until its output matches. Throws when it ends without. */
  printed(ctx: Context, pattern: RegExp): Promise<RegExpExecArray>;
  /** The processes of the fleet that live now: instance name (`room-1`) to process id. Reads /proc, so Linux only. */
  instances(): Map<string, number>;
  /** SIGTERM, then waits for the end; gives the exit code, as a shell does for a signal. May be called twice. */
  stop(ctx: Context): Promise<number>;
  /** Stops it, and kills all of it if that takes longer than 20 seconds. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A whole fleet in processes of its own, as `flotilla up` starts it: for end-to-end and fault tests. */
export interface FleetProcess extends FlotillaProcess {
  readonly app: string;
  readonly console: string;
}

/**
 * Starts `flotilla up <file>` and waits until it has printed both addresses. Throws what it printed if it ends before, and
 * leaves no process then. The fleet also ends when this process does, however that comes about.
 */
export async function startFleet(ctx: Context, file: string, options: FleetProcessOptions): Promise<FleetProcess> {
  const args = [
    ...['up', file, '--port', String(options.port ?? 0), '--console-port', String(options.consolePort ?? 0)],
    ...['--data-dir', options.dataDir, '--no-watch'],
    ...(options.args ?? []),
  ];
  return start(ctx, args, options, async (fleet) => ({
    ...fleet,
    app: await addressIn(ctx, fleet, 'app'),
    console: await addressIn(ctx, fleet, 'console'),
  }));
}

export interface LaneProcessOptions extends Omit<FleetProcessOptions, 'port' | 'consolePort'> {
  /** By the name of the service, the file that runs it in the lane. */
  readonly services: Readonly<Record<string, string>>;
}

/**
 * Starts `flotilla lane <lane> up` beside the fleet with this data directory and waits until its services are ready. Throws
 * and ends as {@link startFleet}.
 */
export async function startLane(ctx: Context, lane: string, options: LaneProcessOptions): Promise<FlotillaProcess> {
  const services = Object.entries(options.services).flatMap(([name, path]) => ['--service', `${name}=${path}`]);
  const args = ['lane', lane, 'up', ...services, '--data-dir', options.dataDir, '--no-watch', ...(options.args ?? [])];
  return start(ctx, args, options, async (process) => {
    await addressIn(ctx, process, 'console');
    return process;
  });
}

async function start<T>(
  ctx: Context,
  args: readonly string[],
  { prefix = [], env }: Pick<FleetProcessOptions, 'prefix' | 'env'>,
  untilReady: (process: FlotillaProcess) => Promise<T>,
): Promise<T> {
  const cli = new URL(`../cli/main${extname(import.meta.url)}`, import.meta.url);
  const [program = '', ...rest] = [...prefix, process.execPath, fileURLToPath(cli), ...args];
  const supervisor = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', FLOTILLA_WATCH_PARENT: String(process.pid), ...env },
  });
  const watcher = watchOutput(supervisor);
  const stop = (stopCtx: Context) => {
    supervisor.kill('SIGTERM');
    return until(stopCtx, watcher.exited);
  };
  const end = async () => {
    using endCtx = ctx.withoutCancel().withTimeout(endWithinMs);
    await stop(endCtx).catch(() => killAll(supervisor));
    await watcher.exited;
  };
  try {
    return await untilReady({
      supervisor,
      output: watcher.output,
      printed: watcher.printed,
      instances: () => instancesOf(supervisor.pid!),
      stop,
      [Symbol.asyncDispose]: end,
    });
  } catch (error) {
    await end();
    throw new StatusError('failed_precondition', `the fleet did not start; it printed:\n${watcher.output()}`, {
      reason: 'FLEET_NOT_STARTED',
      cause: error,
    });
  }
}

async function addressIn(ctx: Context, process: FlotillaProcess, name: string): Promise<string> {
  const [, url = ''] = await process.printed(ctx, new RegExp(`^\\s*${name}\\s+(http://\\S+)`, 'm'));
  return url;
}

const maxOutput = 4_000_000;
const endWithinMs = 20_000;

function watchOutput(child: ChildProcess) {
  let text = '';
  // Closed when more is printed, which tells all who wait.
  let more = chan<never>();
  const add = (chunk: string) => {
    text = (text + chunk).slice(-maxOutput);
    more.close();
    more = chan();
  };
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', add);
  let ended = false;
  const exited = new Promise<number>((resolve) => {
    child.once('error', (error) => add(`${error.message}\n`));
    child.once('close', (code, signal) => {
      ended = true;
      add('');
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
  const printed = async (ctx: Context, pattern: RegExp) => {
    for (;;) {
      const match = pattern.exec(text);
      if (match !== null) return match;
      if (ended) throw new StatusError('aborted', `the fleet ended without printing ${pattern}`);
      await more.recv(ctx);
    }
  };
  return { output: () => text, printed, exited };
}

function killAll(supervisor: ChildProcess): void {
  for (const pid of process.platform === 'linux' ? descendants(supervisor.pid!) : []) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended while we were looking.
    }
  }
  supervisor.kill('SIGKILL');
}

function instancesOf(supervisor: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const pid of descendants(supervisor)) {
    try {
      const name = /(?:^|\0)FLOTILLA_INSTANCE=([^\0]+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
      if (name !== undefined) found.set(name, pid);
    } catch {
      // It ended while we were looking.
    }
  }
  return found;
}

/** The ids of all processes below this one. Reads /proc, so Linux only. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      parents.set(parent, [...(parents.get(parent) ?? []), Number(entry)]);
    } catch {
      // It ended while we were looking.
    }
  }
  const below = (id: number): number[] => (parents.get(id) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}
