import { laneOf } from '../../call/index.ts';
import { background, type CancelContext, type Context, Latch, sleep } from '../../concurrency/index.ts';
import type { Registry } from '../../discovery/index.ts';
import { type HttpRequestHead, setReplyHeader } from '../../net/http/index.ts';
import type { Middleware } from '../../service/index.ts';
import { type LaneRules, namesNoLane } from './lane-choice.ts';

/** A call waits so long for the first news of the registry, and then takes its lane for a known one. */
const patienceMs = 500;
const retryMs = 1_000;

/** Which lanes have instances, whatever service; followed from the first question on until it is disposed of. */
export class KnownLanes implements Disposable {
  readonly #registry: Registry;
  readonly #life: CancelContext = background().withCancel();
  readonly #first = new Latch(1, { name: 'lanes of the registry' });
  #lanes: ReadonlySet<string> = new Set();
  #isFollowing = false;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Whether somebody is in the lane; true while nobody knows. */
  async isThere(ctx: Context, lane: string): Promise<boolean> {
    if (!this.#isFollowing) {
      this.#isFollowing = true;
      void this.#follow();
    }
    if (this.#first.count > 0) {
      using waiting = ctx.withTimeout(patienceMs);
      try {
        await this.#first.wait(waiting);
      } catch {
        return true;
      }
    }
    return this.#lanes.has(lane);
  }

  [Symbol.dispose](): void {
    this.#life.cancel(new Error('the gateway was closed'));
  }

  async #follow(): Promise<void> {
    while (this.#life.err() === undefined) {
      try {
        for await (const snapshots of this.#registry.watchAll(this.#life)) {
          const instances = snapshots.flatMap((snapshot) => snapshot.instances);
          this.#lanes = new Set(instances.map(({ lane }) => lane));
          this.#first.countDown();
        }
      } catch {}
      await sleep(this.#life, retryMs).catch(() => {});
    }
  }
}

/** What is told where a lane was asked for that nobody is in: most likely its name is misspelt, or it was ended. */
export const emptyLaneNote = 'nobody is in this lane; the baseline answered';

export const noLaneNote = 'that is no name of a lane (lower-case letters, digits and dashes); the baseline answered';

/**
 * Tells callers of a lane in which lane they were served, with the header `flotilla-lane`, and with `flotilla-lane-note` if
 * nobody is in it, or nobody ever can be.
 */
export function tellLane(known: KnownLanes | undefined, rules: LaneRules): Middleware {
  return (next) => {
    const tell: typeof next = async (ctx, input) => {
      const lane = laneOf(ctx);
      setReplyHeader(ctx, 'flotilla-lane', lane);
      if (known !== undefined && !(await known.isThere(ctx, lane)))
        setReplyHeader(ctx, 'flotilla-lane-note', emptyLaneNote);
      return next(ctx, input);
    };
    return (ctx, input) => {
      if (laneOf(ctx) !== '') return tell(ctx, input);
      const { header } = input as Partial<HttpRequestHead>;
      if (header !== undefined && namesNoLane(rules, (name) => header.call(input, name)))
        setReplyHeader(ctx, 'flotilla-lane-note', noLaneNote);
      return next(ctx, input);
    };
  };
}
