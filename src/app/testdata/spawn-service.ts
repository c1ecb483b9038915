import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The fixture, or another program of this folder, in a process of its own. */
export class SpawnedService {
  readonly child: ChildProcess;
  /** What it printed so far, line by line. */
  readonly lines: string[] = [];
  /** What it said over IPC so far. */
  readonly messages: { readonly type: string; readonly [name: string]: unknown }[] = [];
  errorOutput = '';
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  #changed = Promise.withResolvers<void>();

  /** `launcher` is a command that runs the one that follows it. `descriptor` becomes the service's number 4. */
  constructor(
    env: Readonly<Record<string, string>> = {},
    program = 'service.ts',
    launcher: readonly [string, ...string[]] | undefined = undefined,
    descriptor: number | undefined = undefined,
  ) {
    const isSupervised = env.FLOTILLA_SUPERVISED === '1';
    const line = [process.execPath, fileURLToPath(new URL(program, import.meta.url))] as const;
    const [command, ...args] = launcher === undefined ? line : [...launcher, ...line];
    this.child = spawn(command, args, {
      env: { PATH: process.env.PATH, FLOTILLA_INSTANCE: 'fixture-1', ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(isSupervised ? (['ipc'] as const) : []), descriptor],
    });
    this.child.on('message', (message) => this.#note(() => this.messages.push(message as { type: string })));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#note(() => (this.errorOutput += text)));
    const output = createInterface({ input: this.child.stdout! });
    output.on('line', (line) => this.#note(() => this.lines.push(line)));
    // All that it printed has been read. (The child's own `close` never comes where the parent has disconnected.)
    this.exit = Promise.all([once(this.child, 'exit'), once(this.child.stdout!, 'close')]).then(([[code, signal]]) => ({
      code,
      signal,
    }));
    void this.exit.then(() => this.#note(() => {}));
  }

  /** Waits until a line contains the text; fails with all that was printed if the process ends before. */
  async said(text: string, times = 1): Promise<string> {
    const find = () => this.lines.filter((line) => line.includes(text))[times - 1];
    await this.#until(`"${text}"`, () => find() !== undefined);
    return find()!;
  }

  async told(type: string): Promise<{ readonly [name: string]: unknown }> {
    const find = () => this.messages.find((message) => message.type === type);
    await this.#until(`message ${type}`, () => find() !== undefined);
    return find()!;
  }

  /** Where it serves HTTP, once it is ready. */
  async url(): Promise<string> {
    const { endpoints } = JSON.parse(await this.said('fixture is ready')) as { endpoints: { http: string } };
    return endpoints.http;
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    let isOver = false;
    void this.exit.then(() => {
      isOver = true;
    });
    while (!holds()) {
      if (isOver) throw new Error(`it ended without ${what}:\n${this.lines.join('\n')}\n${this.errorOutput}`);
      await this.#changed.promise;
    }
  }

  #note(change: () => void): void {
    change();
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
