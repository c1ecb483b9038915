import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { background } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import type { Resource } from '../../observe/index.ts';
import { hottest } from './cpu-profile.ts';
import { HeartbeatWatch, heartbeatWords, stallsMetric } from './heartbeat.ts';
import { MainThread, nativeState } from './main-thread.ts';
import { keepProfile } from './profile-files.ts';

/** What the thread is started with. */
export interface StuckLoopData {
  readonly words: SharedArrayBuffer;
  readonly resource: Resource;
  readonly stuckMs: number;
  readonly beatMs: number;
  readonly profileMs: number;
  readonly maxProfiles: number;
  readonly directory: string;
  /** The end is told on stderr too, where the supervisor reads why a process ended. */
  readonly tellsStderr: boolean;
}

/** The collector gets so long to take the last line. */
const exportMs = 1_000;

const data = workerData as StuckLoopData;
const words = new Int32Array(data.words);
const watch = new HeartbeatWatch(data);
let timer = setInterval(tick, data.beatMs);

function tick(): void {
  if (!watch.tick(beat(), Atomics.load(words, heartbeatWords.isDebugged) === 1)) return;
  clearInterval(timer);
  void look(beat()).catch(fail);
}

/** What cannot be looked at is ended all the same. */
function fail(error: unknown): void {
  try {
    tellStderr(`the event loop is stuck, and could not be looked at: ${String(error)}\n`);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}

async function look(stuckAt: number): Promise<void> {
  const main = new MainThread();
  const profile = await main.profile(data.profileMs);
  const file = profile === undefined ? undefined : save(profile);
  const hot = profile === undefined ? [] : hottest(profile);
  // It turned after all: better late than killed. Stopping it comes last, for that cannot be taken back.
  if (beat() !== stuckAt) {
    main.leave();
    await tell('error', 'was stuck, and goes on', file, hot, []);
    watch.reset();
    timer = setInterval(tick, data.beatMs);
    return;
  }
  const stack = profile === undefined ? undefined : await main.stop();
  const native = stack === undefined ? nativeState(process.pid) : undefined;
  await tell(
    'fatal',
    `is stuck${native === undefined ? '' : ` ${native}`}; ending the process`,
    file,
    hot,
    stack ?? [],
  );
  // The main thread can neither drain nor exit, and no handler of another signal would run.
  process.kill(process.pid, 'SIGKILL');
}

function beat(): number {
  return Atomics.load(words, heartbeatWords.beat);
}

/** A full disk must not keep the process from being ended. */
function save(profile: unknown): string | undefined {
  const { directory, maxProfiles, resource } = data;
  try {
    return keepProfile(profile, resource.instance, new Date(), { directory, maxFiles: maxProfiles });
  } catch (error) {
    tellStderr(`the profile of the stuck event loop cannot be written: ${String(error)}\n`);
    return undefined;
  }
}

async function tell(
  level: 'error' | 'fatal',
  what: string,
  profile: string | undefined,
  hot: readonly string[],
  stack: readonly string[],
): Promise<void> {
  const { resource, stuckMs } = data;
  const where = profile === undefined ? '' : `; its profile: ${profile}`;
  const message = `${resource.instance}: the event loop ${what}: no turn for ${stuckMs} ms${where}`;
  const error = new StatusError('internal', message, { reason: 'EVENT_LOOP_STUCK' });
  error.stack = [`StatusError: ${message}`, ...stack].join('\n');
  if (data.tellsStderr && level === 'fatal') tellStderr(`${error.stack}\n`);
  const fields = { stuckMs, ...(profile !== undefined && { profile }), ...(hot.length > 0 && { hottest: hot }), error };
  await log(level, `${resource.instance}: the event loop ${what}`, fields).catch((failure: unknown) =>
    tellStderr(`${message} (and could not be logged: ${String(failure)})\n`),
  );
}

/** In the lines of this service and to its collector, through telemetry of this thread's own, which is made only now. */
async function log(
  level: 'error' | 'fatal',
  message: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { makeTelemetry } = await import('../make-telemetry.ts');
  const telemetry = makeTelemetry(process.env, data.resource, {
    write: (line) => writeAll(1, line),
    runtimeMetrics: false,
  });
  telemetry.metrics
    .counter(...stallsMetric)
    .with()
    .add();
  using ctx = background().withTimeout(exportMs);
  telemetry.log.log(ctx, level, message, fields);
  await telemetry.close(ctx);
}

function tellStderr(text: string): void {
  writeAll(2, text);
}

const maxTries = 100;
const retryMs = 5;

/** To a pipe whose reader is slow too; one that nobody reads is given up. */
function writeAll(descriptor: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text);
  for (let tries = 0; rest.length > 0 && tries < maxTries; tries++) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
}
