import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { type Debugger, type Profiler, Session } from 'node:inspector';
import { stackLines } from './cpu-profile.ts';
import type { ThreadTimes } from './heartbeat.ts';

/** An inspector that does not answer within this many milliseconds has a main thread that is not in JavaScript. */
const answerMs = 2_000;
/** One that has answered is in JavaScript; on a machine that is starved it may take this long to be stopped. */
const stopMs = 10_000;
/** One sample per so many microseconds. */
const samplingUs = 1_000;

/**
 * The main thread of this process, seen from another thread. V8 serves the inspector between two instructions of
 * JavaScript, so an endless loop, of code, of promises or in a regular expression, can be looked at. A thread that waits
 * within native code (`execFileSync`, a huge `JSON.parse`) does not answer: then every method gives undefined, in time.
 */
export class MainThread {
  readonly #session = new Session();

  constructor() {
    this.#session.connectToMainThread();
  }

  /** Samples it for so long. */
  async profile(ms: number): Promise<Profiler.Profile | undefined> {
    const isThere = await this.#ask((done) => this.#session.post('Profiler.enable', done));
    if (isThere === undefined) return undefined;
    this.#session.post('Profiler.setSamplingInterval', { interval: samplingUs });
    await this.#ask((done) => this.#session.post('Profiler.start', done));
    await new Promise((resolve) => setTimeout(resolve, ms));
    const stopped = await this.#ask<Profiler.StopReturnType>((done) => this.#session.post('Profiler.stop', done));
    this.#session.post('Profiler.disable');
    return stopped?.profile;
  }

  /** Stops it for good, and says where, as the lines of a stack. For one that has answered before: it is given more time. */
  async stop(): Promise<readonly string[] | undefined> {
    // Frames name their script by its number; all scripts are told of when the debugger is enabled.
    const urls = new Map<string, string>();
    this.#session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, params.url));
    const paused = this.#ask<readonly string[]>(
      (done) => this.#session.once('Debugger.paused', ({ params }) => done(null, linesOf(params, urls))),
      stopMs,
    );
    this.#session.post('Debugger.enable');
    this.#session.post('Debugger.pause');
    return paused;
  }

  /** Makes it exit with this code, from within: where it was stopped, or as soon as it comes back from native code. */
  exit(code: number): void {
    this.#session.post('Runtime.evaluate', { expression: `process.reallyExit(${code})` });
  }

  /** Lets go of it: it runs on. */
  leave(): void {
    this.#session.disconnect();
  }

  #ask<T = unknown>(
    post: (done: (error: Error | null, answer?: T) => void) => void,
    maxMs = answerMs,
  ): Promise<T | undefined> {
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(undefined), maxMs);
      post((error, answer) => {
        clearTimeout(late);
        resolve(error === null ? ((answer ?? {}) as T) : undefined);
      });
    });
  }
}

/** Only names and places: what the variables hold stays there. */
function linesOf({ callFrames }: Debugger.PausedEventDataType, urls: ReadonlyMap<string, string>): string[] {
  return stackLines(
    callFrames.map(({ functionName, location }) => ({
      functionName,
      url: urls.get(location.scriptId) ?? '',
      lineNumber: location.lineNumber,
      columnNumber: location.columnNumber ?? 0,
    })),
  );
}

/**
 * What the system knows of a main thread that is in native code: `sleeping in do_sys_poll; child processes: sleep`. Reads
 * /proc; elsewhere it says no more than that.
 */
export function nativeState(pid: number): string {
  try {
    const task = `/proc/${pid}/task/${pid}`;
    const state = /^State:\s*(.+)$/m.exec(readFileSync(`${task}/status`, 'utf8'))?.[1] ?? 'unknown';
    const where = readFileSync(`${task}/wchan`, 'utf8').trim();
    const names = childrenOf(pid)
      .slice(0, 8)
      .map((child) => readFileSync(`/proc/${child}/comm`, 'utf8').trim());
    return [
      `in native code: ${state}${where === '' || where === '0' ? '' : ` in ${where}`}`,
      ...(names.length === 0 ? [] : [`child processes: ${names.join(', ')}`]),
    ].join('; ');
  } catch {
    return 'in native code';
  }
}

/** The processes that the main thread has started. Reads /proc; elsewhere it throws. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

/** What the main thread has had of a processor. Reads /proc; undefined elsewhere. */
export function mainThreadTimes(pid: number): ThreadTimes | undefined {
  try {
    const [ran, waited] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ').map(Number);
    return { ranMs: ran! / 1e6, waitedMs: waited! / 1e6 };
  } catch {
    return undefined;
  }
}

/** Whether it writes a heap snapshot, which takes a minute for some gigabytes, in native code. Reads /proc; elsewhere false. */
export function isTakingHeapSnapshot(pid: number): boolean {
  const directory = `/proc/${pid}/fd`;
  try {
    return readdirSync(directory).some((name) => targetOf(`${directory}/${name}`).endsWith('.heapsnapshot'));
  } catch {
    return false;
  }
}

/** One may be closed meanwhile. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}
