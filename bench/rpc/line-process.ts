import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { cpuMicrosOf } from '../http/server-process.ts';

/** A program in a process of its own that answers each line of its stdin with a line of JSON. Its owner ends it. */
export class LineProcess {
  readonly #name: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const [file = '', ...args] = command;
    this.#name = command.join(' ');
    this.#process = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_ENV: 'production', ...env },
    });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** One question at a time. Throws if the program ends instead of answering. */
  async ask<T>(line: string): Promise<T> {
    this.#process.stdin.write(`${line}\n`);
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error(`${this.#name} ended when it was asked: ${line}`);
    return JSON.parse(value) as T;
  }

  /** CPU time of the process, all threads, in microseconds. */
  cpuMicros(): number {
    return cpuMicrosOf(this.#process.pid!);
  }

  /** Ends it without waiting. */
  stop(): void {
    this.#process.kill('SIGKILL');
  }
}
