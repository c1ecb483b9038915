import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type Context, until } from '../concurrency/index.ts';
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
  readonly consolePort?: number;
  /** Put before the command, for example `['taskset', '-c', '0']`. Default: nothing. */
  readonly prefix?: readonly string[];
}

/** A whole fleet in processes of its own, as `flotilla up` starts it: for end-to-end and fault tests. */
export interface FleetProcess extends AsyncDisposable {
  readonly app: string;
  readonly console: string;
  readonly supervisor: ChildProcess;
  /** All that it has printed so far. */
  output(): string;
  /** Waits until its output matches. */
  printed(ctx: Context, pattern: RegExp): Promise<RegExpExecArray>;
  /** The processes of the fleet that live now: instance name (`room-1`) to process id. Reads /proc, so Linux only. */
  instances(): Map<string, number>;
  /** SIGTERM, then waits for the end; gives the exit code. */
  stop(ctx: Context): Promise<number>;
}

/** Starts `flotilla up <file>` and waits until it has printed both addresses. Throws what it printed if it ends before. */
export async function startFleet(ctx: Context, file: string, options: FleetProcessOptions): Promise<FleetProcess> {
  const cli = new URL('../cli/main.ts', import.meta.url).pathname;
  const command = [
    ...(options.prefix ?? []),
    process.execPath,
    cli,
    'up',
    file,
    ...['--port', String(options.port ?? 0), '--console-port', String(options.consolePort ?? 0)],
    ...['--data-dir', options.dataDir, '--no-watch'],
    ...(options.args ?? []),
  ];
  const supervisor = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  });
  const watcher = watchOutput(supervisor);
  const stop = async (stopCtx: Context) => {
    if (supervisor.exitCode === null && supervisor.signalCode === null) supervisor.kill('SIGTERM');
    return until(stopCtx, watcher.exited);
  };
  const address = async (name: string) =>
    (await watcher.printed(ctx, new RegExp(`^\\s*${name}\\s+(http://\\S+)`, 'm')))[1]!;
  try {
    return {
      app: await address('app'),
      console: await address('console'),
      supervisor,
      output: watcher.output,
      printed: watcher.printed,
      instances: () => instancesOf(supervisor.pid!),
      stop,
      async [Symbol.asyncDispose]() {
        await stop(ctx.withoutCancel().withTimeout(20_000));
      },
    };
  } catch (error) {
    supervisor.kill('SIGTERM');
    throw new StatusError('failed_precondition', `the fleet did not start; it printed:\n${watcher.output()}`, {
      reason: 'FLEET_NOT_STARTED',
      cause: error,
    });
  }
}

function watchOutput(child: ChildProcess) {
  let text = '';
  const waiting = new Set<() => void>();
  const changed = () => {
    for (const check of [...waiting]) check();
  };
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      changed();
    });
  }
  let ended = false;
  const exited = new Promise<number>((resolve) => {
    child.once('close', (code, signal) => {
      ended = true;
      changed();
      resolve(code ?? (signal === null ? 1 : 128));
    });
  });
  const printed = (ctx: Context, pattern: RegExp) => {
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const check = () => {
        const match = pattern.exec(text);
        if (match === null && !ended) return;
        waiting.delete(check);
        if (match !== null) resolve(match);
        else reject(new StatusError('aborted', `the fleet ended without printing ${pattern}`));
      };
      waiting.add(check);
      check();
    });
    return until(ctx, found);
  };
  return { output: () => text, printed, exited };
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

/** The ids of all processes below this one. Reads /proc. */
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
