import { type ChildProcess, spawn } from 'node:child_process';
import type { Endpoint } from '../service/index.ts';
import type { Door, Taker } from './door.ts';
import { eachLine } from './lines.ts';
import { type ParentMessage, readChildMessage } from './protocol.ts';

export interface ChildOptions {
  readonly entry: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whose descriptors it inherits, of those that are open. */
  readonly doors: readonly Door[];
}

/** How a process ended, and what it last said. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly wasReady: boolean;
  /** What it gave as the reason over IPC, or what the supervisor knows: it could not be started, it took too long. */
  readonly failure: string | undefined;
  /** What it said can be done about that. */
  readonly fix: string | undefined;
  /** The last lines of its error output, oldest first. */
  readonly errorLines: readonly string[];
}

export interface ChildListener {
  listening(service: string | undefined, name: string): void;
  ready(endpoints: readonly Endpoint[]): void;
  /** It has been asked to leave, by the supervisor or by a signal. */
  draining(): void;
  line(source: 'stdout' | 'stderr', text: string): void;
  /** Once, last. */
  exit(exit: ChildExit): void;
}

/** The first descriptor after input, outputs and the IPC channel. */
const firstDescriptor = 4;
/** What public ports are called where a service asks for its listeners. */
const listenerName = 'http';
/** Enough for a stack and the source line above it. */
const keptErrorLines = 40;
/** A grandchild may hold the output open; the exit is told without waiting for it longer than this. */
const outputGraceMs = 250;

/**
 * A service process. It leads a process group of its own, so that a Ctrl-C of the terminal reaches the supervisor alone,
 * which drains in order; a supervisor that is killed closes the IPC channel, and the process leaves by itself.
 */
export class Child implements Taker {
  readonly #process: ChildProcess;
  readonly #listener: ChildListener;
  readonly #doors: readonly Door[];
  readonly #errorLines: string[] = [];
  #failure: string | undefined;
  #fix: string | undefined;
  #wasReady = false;
  #ended = false;

  constructor(options: ChildOptions, listener: ChildListener) {
    this.#listener = listener;
    this.#doors = options.doors.filter(({ descriptor }) => descriptor !== undefined);
    const child = spawn(process.execPath, [options.entry], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', ...this.#doors.map(({ descriptor }) => descriptor)],
      detached: true,
      env: options.env,
    });
    this.#process = child;
    if (child.stdout !== null) eachLine(child.stdout, (text) => listener.line('stdout', text));
    if (child.stderr !== null) eachLine(child.stderr, (text) => this.#errorLine(text));
    child.on('message', (message) => this.#receive(message));
    child.on('error', (error) => {
      this.#failure ??= error.message;
      if (child.pid === undefined) this.#end(null, null);
    });
    child.on('exit', (code, signal) => {
      const late = setTimeout(() => this.#end(code, signal), outputGraceMs);
      child.on('close', () => {
        clearTimeout(late);
        this.#end(code, signal);
      });
    });
  }

  /** Undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  get wasReady(): boolean {
    return this.#wasReady;
  }

  take(door: Door): boolean {
    const index = this.#doors.indexOf(door);
    if (index < 0) return false;
    this.#tell({ type: 'accept', name: listenerName, service: door.service, descriptor: firstDescriptor + index });
    return true;
  }

  pause(door: Door): void {
    this.#tell({ type: 'pause', name: listenerName, service: door.service });
  }

  /**
   * Asks it to finish its work and leave; in a renewal it may wait for the clients of idle connections, until it is asked
   * again. Where the channel is closed already, with SIGTERM.
   */
  drain(isRenewal: boolean): void {
    const message: ParentMessage = { type: 'drain', isRenewal };
    if (!this.#process.connected) {
      this.#process.kill('SIGTERM');
      return;
    }
    this.#process.send(message, (error) => {
      if (error !== null) this.#process.kill('SIGTERM');
    });
  }

  /** Ends it and what it started at once. `why` becomes the failure that its exit tells. */
  kill(why?: string): void {
    this.#failure ??= why;
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      this.#process.kill('SIGKILL');
    }
  }

  /** A process that is gone is told of by its exit. */
  #tell(message: ParentMessage): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  #receive(value: unknown): void {
    const message = readChildMessage(value);
    switch (message?.type) {
      case 'listen':
        this.#listener.listening(message.service, message.name);
        break;
      case 'ready':
        if (!this.#wasReady) {
          this.#wasReady = true;
          this.#listener.ready(message.endpoints);
        }
        break;
      case 'draining':
        this.#listener.draining();
        break;
      case 'failed':
        this.#failure ??= message.message;
        this.#fix ??= message.fix;
    }
  }

  #errorLine(text: string): void {
    this.#errorLines.push(text);
    if (this.#errorLines.length > keptErrorLines) this.#errorLines.shift();
    this.#listener.line('stderr', text);
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#listener.exit({
      code,
      signal,
      wasReady: this.#wasReady,
      failure: this.#failure,
      fix: this.#fix,
      errorLines: this.#errorLines,
    });
  }
}
