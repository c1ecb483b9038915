import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { Resource } from '../../observe/index.ts';
import { hottest } from './cpu-profile.ts';
import { HeartbeatWatch, heartbeatWords } from './heartbeat.ts';
import { childrenOf, isTakingHeapSnapshot, MainThread, mainThreadTimes, nativeState } from './main-thread.ts';
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

const data = workerData as StuckLoopData;
const words = new Int32Array(data.words);
const watch = new HeartbeatWatch(data);
let timer = setInterval(tick, data.beatMs);

function tick(): void {
  const isDebugged = Atomics.load(words, heartbeatWords.isDebugged) === 1;
  if (!watch.tick(beat(), isDebugged, mainThreadTimes(process.pid))) return;
  // Somebody wants to know what fills the memory; ending it now would leave half a file.
  if (isTakingHeapSnapshot(process.pid)) {
    watch.reset();
    return;
  }
  clearInterval(timer);
  void look(beat()).catch(fail);
}

/** What cannot be looked at is ended all the same. */
function fail(error: unknown): void {
  try {
    tellStderr(`the event loop is stuck, and could not be looked at: ${String(error)}\n`);
  } finally {
    end(new MainThread());
  }
}

interface Findings {
  readonly profile: string | undefined;
  readonly hottest: readonly string[];
  readonly stack: readonly string[];
}

async function look(stuckAt: number): Promise<void> {
  const main = new MainThread();
  const profile = await main.profile(data.profileMs);
  const findings = {
    profile: profile === undefined ? undefined : save(profile),
    hottest: profile === undefined ? [] : hottest(profile),
    stack: [],
  };
  // It turned after all. Stopping it comes last, for that cannot be taken back.
  if (beat() !== stuckAt) {
    main.leave();
    await tell('error', 'was stuck, and goes on', findings);
    watch.reset();
    timer = setInterval(tick, data.beatMs);
    return;
  }
  const stack = profile === undefined ? undefined : await main.stop();
  const native = stack === undefined ? ` ${nativeState(process.pid)}` : '';
  await tell('fatal', `is stuck${native}; ending the process`, { ...findings, stack: stack ?? [] });
  end(main);
}

/** As SIGKILL ends a process. */
const killedCode = 137;

/** The main thread can neither drain nor exit, and no handler of another signal would run. */
function end(main: MainThread): void {
  process.kill(process.pid, 'SIGKILL');
  // Only the first process of a container comes here: Linux keeps it from its own signals. All others end with it.
  main.exit(killedCode);
  for (const child of childrenOf(process.pid)) process.kill(child, 'SIGKILL');
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

/** What it takes to tell is loaded only now: hardly any process ever needs it. */
async function tell(level: 'error' | 'fatal', what: string, findings: Findings): Promise<void> {
  const { resource, stuckMs } = data;
  try {
    const { reportStall, textOf } = await import('./stall-report.ts');
    const stall = { resource, stuckMs, level, what, ...findings };
    if (data.tellsStderr && level === 'fatal') tellStderr(`${textOf(stall)}\n`);
    await reportStall(stall, (line) => writeAll(1, line));
  } catch (error) {
    tellStderr(`${resource.instance}: the event loop ${what} (and could not be logged: ${String(error)})\n`);
  }
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
