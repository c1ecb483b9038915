import { type Context, until } from '../../concurrency/index.ts';
import { telemetryOf } from '../../observe/index.ts';

/** One ingredient of a composed answer. Made by {@link required} or {@link optional}; may be shared by several answers. */
export interface Part<T, Required extends boolean = boolean> {
  readonly isRequired: Required;
  readonly timeoutMs: number | undefined;
  readonly load: (ctx: Context, needed: Needed) => Promise<T>;
}

/** The value of another part, from the same composition: loaded once, whoever asks. */
export type Needed = <T>(part: Part<T>) => Promise<T>;

export interface PartOptions {
  /** The longest this part may take, counted from the start of the composition. Default: that of the composition. */
  readonly timeoutMs?: number;
}

export interface ComposeOptions {
  /** The longest that optional parts may take, in milliseconds from the start of the composition. Default: 1,000. */
  readonly timeoutMs?: number;
}

type Parts = Readonly<Record<string, Part<unknown>>>;

/** A composed answer: required parts are there, optional ones perhaps. */
export interface Composition<P extends Parts> {
  readonly values: {
    readonly [K in keyof P]: P[K] extends Part<infer T, infer R> ? (R extends true ? T : T | undefined) : never;
  };
  /** The names of the optional parts that were late or failed, in the order of the parts. */
  readonly missing: readonly (keyof P & string)[];
}

/** What an answer gets by without: a part that is late or down leaves its name in `missing`. */
export function optional<T>(load: Part<T>['load'], { timeoutMs }: PartOptions = {}): Part<T, false> {
  return { isRequired: false, timeoutMs, load };
}

/** What an answer makes no sense without: its failure is the composition's. It has all the time that the caller has. */
export function required<T>(
  load: Part<T>['load'],
  { timeoutMs = Number.POSITIVE_INFINITY }: PartOptions = {},
): Part<T, true> {
  return { isRequired: true, timeoutMs, load };
}

/**
 * Loads all parts at the same time and answers with what arrived in time: the backend for a front end.
 *
 *     const room = required((ctx) => rooms.getRoom(ctx, { id }));
 *     const host = optional(async (ctx, needed) => accounts.getAccount(ctx, { id: (await needed(room)).hostId }));
 *     const { values, missing } = await compose(ctx, { room, host }, { timeoutMs: 300 });
 *
 * A late part is cancelled, and so is everything that still runs when a required part fails. Optional parts get at most
 * nine tenths of the time that the caller has left, so that a partial answer still arrives. Throws the error of the first
 * required part that failed, and the Context's when it ends.
 */
export async function compose<const P extends Parts>(
  parent: Context,
  parts: P,
  { timeoutMs = 1_000 }: ComposeOptions = {},
): Promise<Composition<P>> {
  using ctx = parent.withCancel();
  const running = new Map<Part<unknown>, Promise<unknown>>();
  const patienceMs = ctx.remainingMs() * 0.9;
  const start = (part: Part<unknown>): Promise<unknown> => {
    const started = running.get(part);
    if (started !== undefined) return started;
    const limitMs = part.isRequired ? part.timeoutMs! : Math.min(part.timeoutMs ?? timeoutMs, patienceMs);
    // What needs a part that needs it in turn would wait for itself; it ends with its own time limit.
    const loading = loadWithin(ctx, limitMs, (own) => part.load(own, start as Needed));
    running.set(part, loading);
    return loading;
  };
  const values: Record<string, unknown> = {};
  const missing = new Set<string>();
  const load = async (name: string, part: Part<unknown>) => {
    try {
      values[name] = await start(part);
    } catch (error) {
      if (part.isRequired) throw error;
      missing.add(name);
      if (ctx.err() !== undefined) return;
      telemetryOf(parent).log.warn(parent, `part ${name} is missing`, { part: name, error });
    }
  };
  await Promise.all(Object.entries(parts).map(([name, part]) => load(name, part)));
  parent.throwIfDone();
  return {
    values: values as Composition<P>['values'],
    missing: Object.keys(parts).filter((name) => missing.has(name)) as (keyof P & string)[],
  };
}

async function loadWithin<T>(parent: Context, limitMs: number, load: (ctx: Context) => Promise<T>): Promise<T> {
  using ctx = parent.withTimeout(limitMs);
  return await until(ctx, load(ctx));
}
