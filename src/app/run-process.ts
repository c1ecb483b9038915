import { basename, dirname } from 'node:path';
import { background, type CancelContext } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { noTelemetry } from '../observe/index.ts';
import type { App } from './app.ts';
import { wordIn } from './environment.ts';
import type { Host } from './host.ts';
import { type ProcessHost, processHost } from './process-host.ts';
import { SignalPolicy } from './signals.ts';
import { explainStart } from './start-failure.ts';
import { startWatchdog, type Watchdog, type WatchdogOptions } from './watchdog/watchdog.ts';

/** Puts a service together on a host: what `<service>/main.ts` exports. */
export type Main = (host: Host) => Promise<App>;

/** What a process ends with. A forced end has 128 + the number of the signal: 130 for SIGINT, 143 for SIGTERM. */
export const exitCodes = {
  /** A signal, the supervisor, or the loss of the supervisor asked it to stop, and it drained. */
  drained: 0,
  /** It could not start. */
  startFailed: 1,
  /** It was still not down at the hard limit. */
  hardLimit: 1,
  /** Something was thrown that nobody caught (EX_SOFTWARE). */
  crashed: 70,
  /** Its memory was nearly used up, and it drained: start it anew (EX_TEMPFAIL). */
  memoryHigh: 75,
} as const;

export interface RunOptions {
  /** What the process gets beyond `app.stopLimitMs` before it is ended with what still runs. Default: 5,000. */
  readonly hardLimitMs?: number;
  /** Ends a process whose event loop is stuck, or whose memory is nearly used up. Default: on, unless FLOTILLA_WATCHDOG is off. */
  readonly watchdog?: WatchdogOptions | false;
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
/** More failures than this while it goes down, and it ends at once. */
const maxCrashes = 5;

type Signal = keyof typeof signalNumbers;

/**
 * Runs `main` as this process. SIGINT, SIGTERM, SIGHUP, the supervisor's word and the loss of the supervisor drain it; a
 * second keystroke (more than 300 ms after the first) ends it at once. What nobody caught is logged with its whole chain,
 * then it drains and ends with 70. Never resolves: the process ends, with one of `exitCodes`.
 */
export function runProcess(main: Main, options: RunOptions = {}): Promise<never> {
  return new ProcessRun(main, processHost(), options).run();
}

class ProcessRun {
  readonly #main: Main;
  readonly #host: ProcessHost;
  readonly #hardLimitMs: number;
  readonly #watchdogOptions: WatchdogOptions | false;
  readonly #signals = new SignalPolicy();
  /** Ends when the process is to stop. */
  readonly #wanted: CancelContext = background().withCancel();
  #app: App | undefined;
  #watchdog: Watchdog | undefined;
  #isRenewal = false;
  #exitCode: number = exitCodes.drained;
  #crashes = 0;

  constructor(main: Main, host: ProcessHost, { hardLimitMs = 5_000, watchdog = {} }: RunOptions) {
    this.#main = main;
    this.#host = host;
    this.#hardLimitMs = hardLimitMs;
    this.#watchdogOptions = watchdog;
  }

  async run(): Promise<never> {
    this.#listen();
    try {
      this.#app = await this.#main(this.#host);
      await this.#app.start(this.#wanted);
      this.#watch(this.#app);
      await this.#host.supervisor?.send({ type: 'ready', endpoints: this.#app.endpoints });
      await new Promise<void>((resolve) => this.#wanted.onDone(resolve));
      await this.#host.supervisor?.send({ type: 'draining' });
    } catch (error) {
      // A start that was cut short by a signal has not failed.
      if (this.#wanted.err() === undefined) await this.#failed(error);
    }
    if (this.#wanted.err() === undefined) this.#drain('it could not start');
    await this.#app?.stop(background(), { isRenewal: this.#isRenewal });
    await this.#host.close(background());
    await this.#watchdog?.stop();
    process.exit(this.#exitCode);
  }

  #listen(): void {
    for (const signal of Object.keys(signalNumbers) as Signal[]) process.on(signal, () => this.#onSignal(signal));
    process.on('uncaughtException', (error, origin) => this.#onCrash(error, origin));
    // Nobody reads the log any more (the supervisor died): that must not end the drain.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    this.#host.supervisor?.onMessage((message) => {
      if (message.type === 'drain') this.#drain('the supervisor asked for it', message.isRenewal === true);
    });
    this.#host.supervisor?.onDisconnect(() => this.#drain('the supervisor is gone'));
  }

  /** From now on until the end: a drain may be stuck too. */
  #watch(app: App): void {
    const { env, supervisor, instance } = this.#host;
    const isOff = wordIn(env, 'FLOTILLA_WATCHDOG', ['on', 'off']) === 'off';
    if (this.#watchdogOptions === false || isOff) return;
    const setup = {
      telemetry: app.telemetry,
      instance,
      dataDir: this.#host.dataDir(),
      // The supervisor reads there why a process ended; without telemetry there is no other place.
      tellsStderr: supervisor !== undefined || app.telemetry === noTelemetry,
      onMemoryHigh: (why: string) => this.#onMemoryHigh(why),
    };
    this.#watchdog = startWatchdog(this.#wanted, setup, this.#watchdogOptions);
  }

  #onMemoryHigh(why: string): void {
    if (this.#wanted.err() !== undefined) return;
    this.#exitCode = exitCodes.memoryHigh;
    const fix = 'find what keeps the memory (node --heapsnapshot-signal), or give the process more of it';
    void this.#host.supervisor?.send({ type: 'failed', message: why, code: 'MEMORY_HIGH', fix });
    this.#drain(why);
  }

  #onSignal(signal: Signal): void {
    const meaning = this.#signals.receive(performance.now());
    if (meaning === 'force') process.exit(128 + signalNumbers[signal]);
    if (meaning === 'drain') this.#drain(signal);
  }

  #drain(why: string, isRenewal = false): void {
    if (this.#wanted.err() !== undefined) {
      // A renewal that takes its time has no more of it.
      if (this.#isRenewal && !isRenewal) void this.#app?.stop(background());
      return;
    }
    this.#isRenewal = isRenewal;
    this.#wanted.cancel(new Error(why));
    const limitMs = (this.#app?.stopLimitMs ?? 0) + this.#hardLimitMs;
    setTimeout(() => {
      this.#say(`${this.#name()}: still not down ${limitMs} ms after it was told to stop (${why}); ending it`);
      process.exit(this.#exitCode || exitCodes.hardLimit);
    }, limitMs).unref();
  }

  /** Nobody knows what it left behind: say it loudly, let running calls end, and let a new process start. */
  #onCrash(error: unknown, origin: string): void {
    this.#exitCode = exitCodes.crashed;
    if (++this.#crashes > maxCrashes) process.exit(this.#exitCode);
    const what = origin === 'unhandledRejection' ? 'nobody handled a rejected promise' : 'nobody caught an exception';
    try {
      const telemetry = this.#app?.telemetry ?? noTelemetry;
      telemetry.log.log(this.#wanted, 'fatal', `${this.#name()}: ${what}; going down`, { error });
      if (telemetry === noTelemetry) this.#say(`${this.#name()}: ${what}; going down\n${errors.format(error)}`);
    } finally {
      this.#drain(what);
    }
  }

  /** Says it where it is read: to the supervisor, which shows it to the operator, or else on the terminal. */
  async #failed(error: unknown): Promise<void> {
    this.#exitCode = exitCodes.startFailed;
    const { service, cause, fix, code, details } = explainStart(this.#name(), error);
    const { supervisor } = this.#host;
    if (supervisor !== undefined) {
      await supervisor.send({
        type: 'failed',
        message: `${cause}\n${details}`,
        code,
        ...(fix !== undefined && { fix }),
      });
    } else {
      const advice = fix ?? 'see below where it failed';
      this.#say(`${service} could not start\n  cause: ${cause}\n  fix:   ${advice}\n${details.replace(/^/gm, '  ')}`);
    }
  }

  #say(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** Before `main` has returned, the directory of its file: `room/main.ts` is `room`. */
  #name(): string {
    return this.#app?.name ?? (process.env.FLOTILLA_INSTANCE || basename(dirname(process.argv[1] ?? 'service/main')));
  }
}
