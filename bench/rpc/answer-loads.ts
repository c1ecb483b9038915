import { createInterface } from 'node:readline';
import { note } from './note.ts';

/** How a client of the bench calls its server. Whatever an answer holds must have the fields of `note`. */
export interface Caller {
  unary(): Promise<Answer>;
  /** Opens a bidirectional stream. Left out where the peer has none. */
  stream?(): Exchange;
}

/** One stream: a message goes out and its echo comes back, one after the other. */
export interface Exchange {
  exchange(): Promise<Answer>;
  close(): void;
}

/** 64-bit numbers may be of any type that says them as text. */
interface Answer {
  readonly id?: unknown;
  readonly user?: unknown;
  readonly room?: unknown;
  readonly text?: unknown;
  readonly marks?: unknown;
}

/** What a client says of one load. */
export interface LoadResult {
  readonly calls: number;
  /** Calls that failed, not among the others: a guard may refuse some on a machine that is busy with other things. */
  readonly failed?: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * A client's main loop: for each line of stdin (`unary 64 2`: kind, callers, seconds) it puts the load on its server and
 * answers with a line of JSON.
 */
export async function answerLoads(caller: Caller): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const [kind, callers, seconds] = line.split(' ');
    const result = await runLoad(caller, kind === 'stream', Number(callers), Number(seconds));
    process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  process.exit();
}

async function runLoad(caller: Caller, isStream: boolean, callers: number, seconds: number): Promise<LoadResult> {
  const latencies = new Latencies();
  const start = performance.now();
  const end = start + 1000 * seconds;
  await Promise.all(Array.from({ length: callers }, () => callUntil(end, isStream, caller, latencies)));
  const { count: calls, failed } = latencies;
  return { calls, failed, seconds: (performance.now() - start) / 1000, ...latencies.percentiles() };
}

async function callUntil(end: number, isStream: boolean, caller: Caller, latencies: Latencies): Promise<void> {
  const stream = isStream ? caller.stream!() : undefined;
  const call = stream === undefined ? () => caller.unary() : () => stream.exchange();
  for (let before = performance.now(), isFirst = true; before < end; isFirst = false) {
    let answer: Answer | undefined;
    try {
      answer = await call();
    } catch (error) {
      if (stream !== undefined || latencies.failed++ > mostFailures + latencies.count) throw error;
    }
    const after = performance.now();
    if (answer !== undefined) latencies.record(after - before);
    before = after;
    if (isFirst && answer !== undefined) checkAnswer(answer);
  }
  stream?.close();
}

function checkAnswer({ id, user, room, text, marks }: Answer): void {
  const answer = { id: Number(id), user, room, text, marks: Array.from(marks as Iterable<number>) };
  if (JSON.stringify(answer) !== JSON.stringify(note)) throw new Error(`another answer: ${JSON.stringify(answer)}`);
}

/** When more calls fail than go well, that is no accident. */
const mostFailures = 1000;

/** To the microsecond, up to 100 ms. */
class Latencies {
  count = 0;
  failed = 0;
  readonly #buckets = new Uint32Array(100_001);

  record(ms: number): void {
    this.count++;
    const bucket = ms < 100 ? (ms * 1000) | 0 : 100_000;
    this.#buckets[bucket] = this.#buckets[bucket]! + 1;
  }

  percentiles(): { readonly p50: number; readonly p99: number } {
    return { p50: this.#below(0.5), p99: this.#below(0.99) };
  }

  #below(share: number): number {
    let below = 0;
    let bucket = -1;
    while (below < this.count * share) below += this.#buckets[++bucket]!;
    return bucket / 1000;
  }
}
