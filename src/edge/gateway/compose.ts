import { type Context, group, onceValue, until } from '../../concurrency/index.ts';
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
  const g = group(parent);
  const patienceMs = parent.remainingMs() * 0.9;
  const loads = new Map<Part<unknown>, () => Promise<unknown>>();
  const start = (part: Part<unknown>): Promise<unknown> => {
    let load = loads.get(part);
    if (load === undefined) {
      const limitMs = part.isRequired ? part.timeoutMs! : Math.min(part.timeoutMs ?? timeoutMs, patienceMs);
      // What needs at once a part that needs it in turn fails; one that does so later ends with its own time limit.
      load = onceValue(() => loadWithin(g.ctx, limitMs, (own) => part.load(own, start as Needed)));
      loads.set(part, load);
    }
    return load();
  };
  const values: Record<string, unknown> = {};
  const missing = new Set<string>();
  for (const [name, part] of Object.entries(parts)) {
    g.go(async (ctx) => {
      try {
        values[name] = await start(part);
      } catch (error) {
        if (part.isRequired) throw error;
        missing.add(name);
        if (ctx.err() !== undefined) return;
        telemetryOf(parent).log.warn(parent, `part ${name} is missing`, { part: name, error });
      }
    });
  }
  await g.wait();
  parent.throwIfDone();
  return {
    values: values as Composition<P>['values'],
    missing: Object.keys(parts).filter((name) => missing.has(name)) as (keyof P & string)[],
  };
}

/** A load that does not heed its Context must not delay the answer: the wait ends with the time limit, whatever the load does. */
async function loadWithin<T>(parent: Context, limitMs: number, load: (ctx: Context) => Promise<T>): Promise<T> {
  using ctx = parent.withTimeout(limitMs);
  return await until(ctx, load(ctx));
}
