import { basename, dirname } from 'node:path';
import { background, type CancelContext } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import type { App } from './app.ts';
import type { Host } from './host.ts';
import { type ProcessHost, processHost } from './process-host.ts';
import { SignalPolicy } from './signals.ts';
import { explainStart, formatStartFailure } from './start-failure.ts';

/** Puts a service together on a host: what `<service>/main.ts` exports. */
export type Main = (host: Host) => Promise<App>;

/** The codes that a process ends with; a forced end has 128 + the signal's number (130, 143). */
export const exitCodes = { drained: 0, startFailed: 1, crashed: 70 } as const;

/** The whole way down may take this long; then the process ends with what still runs. Beyond the app's own limits. */
const hardLimitMs = 30_000;
const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
/** More failures than this while it goes down, and it ends at once. */
const maxCrashes = 5;

type Signal = keyof typeof signalNumbers;

/** Runs `main` as this process: owns its signals, its last words and its exit code. Never resolves: the process ends. */
export function runProcess(main: Main, host: ProcessHost = processHost()): Promise<never> {
  return new ProcessRun(main, host).run();
}

class ProcessRun {
  readonly #main: Main;
  readonly #host: ProcessHost;
  readonly #signals = new SignalPolicy();
  /** Ends when the process is to stop. */
  readonly #wanted: CancelContext = background().withCancel();
  #app: App | undefined;
  #exitCode: number = exitCodes.drained;
  #crashes = 0;

  constructor(main: Main, host: ProcessHost) {
    this.#main = main;
    this.#host = host;
  }

  async run(): Promise<never> {
    this.#listen();
    try {
      this.#app = await this.#main(this.#host);
      await this.#app.start(this.#wanted);
      await this.#host.supervisor?.send({ type: 'ready', endpoints: this.#app.endpoints });
      await new Promise<void>((resolve) => this.#wanted.onDone(resolve));
    } catch (error) {
      // A start that was cut short by a signal has not failed.
      if (this.#wanted.err() === undefined) await this.#failed(error);
    }
    await this.#stop();
    process.exit(this.#exitCode);
  }

  #listen(): void {
    for (const signal of Object.keys(signalNumbers) as Signal[]) process.on(signal, () => this.#onSignal(signal));
    process.on('uncaughtException', (error, origin) => this.#onCrash(error, origin));
    // Nobody reads the log any more (the supervisor died): that must not end the drain.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    this.#host.supervisor?.onMessage((message) => {
      if (message.type === 'drain') this.#drain('the supervisor asked for it');
    });
    this.#host.supervisor?.onDisconnect(() => this.#drain('the supervisor is gone'));
  }

  #onSignal(signal: Signal): void {
    const meaning = this.#signals.receive(performance.now());
    if (meaning === 'force') process.exit(128 + signalNumbers[signal]);
    if (meaning === 'drain') this.#drain(signal);
  }

  #drain(why: string): void {
    if (this.#wanted.err() !== undefined) return;
    this.#wanted.cancel(new Error(why));
    setTimeout(() => {
      process.stderr.write(`${this.#name()}: still not stopped after ${hardLimitMs} ms; ending it\n`);
      process.exit(this.#exitCode === exitCodes.drained ? exitCodes.startFailed : this.#exitCode);
    }, hardLimitMs).unref();
  }

  /** Nobody knows what an unexpected throw left behind: say it loudly, let running calls end, and let a new process start. */
  #onCrash(error: unknown, origin: string): void {
    this.#exitCode = exitCodes.crashed;
    if (++this.#crashes > maxCrashes) process.exit(this.#exitCode);
    const what =
      origin === 'unhandledRejection' ? 'a promise was rejected and nobody handled it' : 'an exception was not caught';
    try {
      this.#app?.telemetry.log.log(this.#wanted, 'fatal', `${this.#name()}: ${what}; going down`, { error });
      process.stderr.write(`${this.#name()}: ${what}; going down\n${errors.format(error)}\n`);
    } finally {
      this.#drain(what);
    }
  }

  async #failed(error: unknown): Promise<void> {
    this.#exitCode = exitCodes.startFailed;
    const failure = explainStart(this.#name(), error);
    const { service, cause, fix, code } = failure;
    process.stderr.write(formatStartFailure(failure, error));
    await this.#host.supervisor?.send({
      type: 'failed',
      message: `${service} could not start: ${cause}; fix: ${fix}`,
      code,
    });
  }

  async #stop(): Promise<void> {
    this.#drain('the app has ended');
    await this.#host.supervisor?.send({ type: 'draining' });
    await this.#app?.stop(background());
    await this.#host.close(background());
  }

  /** Before `main` has returned, the directory of its file: `room/main.ts` is `room`. */
  #name(): string {
    return this.#app?.name ?? (process.env.FLOTILLA_INSTANCE || basename(dirname(process.argv[1] ?? 'service')));
  }
}
