import { type ChildProcess, spawn } from 'node:child_process';
import { background, sleep } from '../../concurrency/index.ts';
import { gone } from './harness.ts';
import type { Project } from './project.ts';

export interface RunningFleetOptions {
  /** Beside a free port for the app and the console, and the project's own data directory. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Restarts a service when its source changes. Default: false. */
  readonly watch?: boolean;
  /** Starts it through a process of its own, whose end it watches. */
  readonly watchParent?: boolean;
}

/** `flotilla up` in a process group of its own, as a terminal runs it. */
export interface RunningFleet extends AsyncDisposable {
  /** The supervisor, or the process that started it where it watches one. */
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Waits until the output matches; throws what was printed instead after a minute. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Both addresses are printed. */
  ready(): Promise<void>;
  /** The processes that have told that they are ready. */
  pids(): number[];
  readonly exited: Promise<number | NodeJS.Signals>;
}

const main = new URL('../../cli/main.ts', import.meta.url).pathname;
const wrapper = `const { spawn } = require('node:child_process');
const env = { ...process.env, FLOTILLA_WATCH_PARENT: String(process.pid) };
spawn(process.execPath, process.argv.slice(1), { stdio: 'inherit', env });`;

export function runFleet(files: Project, options: RunningFleetOptions = {}): RunningFleet {
  const { args = [], env = {}, watch = false, watchParent = false } = options;
  const command = [
    main,
    'up',
    'fleet.ts',
    '--console-port',
    '0',
    '--data-dir',
    files.path('data'),
    ...(watch ? [] : ['--no-watch']),
    ...args,
  ];
  const { FORCE_COLOR: _, ...inherited } = process.env;
  const child = spawn(process.execPath, watchParent ? ['-e', wrapper, ...command] : command, {
    cwd: files.directory,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const exited = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0)),
  );
  const printed = async (pattern: RegExp) => {
    using ctx = background().withTimeout(60_000);
    for (;;) {
      const match = pattern.exec(text);
      if (match !== null) return match;
      await sleep(ctx, 10).catch(() => {
        throw new Error(`${pattern} was not printed, but:\n${text}`);
      });
    }
  };
  const pids = () => Array.from(text.matchAll(/pid[ =](\d+)/g), (match) => Number(match[1]));
  return {
    process: child,
    output: () => text,
    printed,
    ready: async () => void (await printed(/^console .*\n/m)),
    pids,
    exited,
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, 'SIGTERM');
      await exited;
      await gone(pids());
    },
  };
}

/** A fleet of a public `web` and two replicas of `room`, on a free port. */
export function webAndRoom(files: Project): void {
  files.service('web');
  files.service('room');
  files.write(
    'fleet.ts',
    `import { fleet, service } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)};
export default fleet({ services: { web: service('./web/main.ts', { port: 0 }), room: service('./room/main.ts', { replicas: 2 }) } });`,
  );
}
