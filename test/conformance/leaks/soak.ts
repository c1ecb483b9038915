import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background, type Context } from 'flotilla/concurrency';
import { reachableBytes } from './heap.ts';
import { countListeners } from './listeners.ts';
import type { MakeWait, Wait } from './waits.ts';

/** One parent lives through a test; each cycle has a child, which is canceled while three waits are parked. */
export async function runCycles(parent: Context, count: number, wait: Wait): Promise<void> {
  for (let done = 0; done < count; done += 3) {
    const contexts = [parent.withCancel(), parent.withCancel(), parent.withCancel()];
    const waits = contexts.map((ctx) => settle(() => wait(ctx)));
    // From the middle, from the front and the last one: a queue is left everywhere.
    for (const i of [1, 0, 2]) contexts[i]!.cancel();
    await Promise.all(waits);
  }
}

async function settle(wait: () => unknown): Promise<void> {
  try {
    await wait();
  } catch {
    // The end of its context, which is what every cycle ends with.
  }
}

export interface Growth {
  readonly bytes: number;
  readonly listeners: number;
  readonly timers: number;
}

/** What may be found more for other reasons: caches of the engine, and what the test runner keeps. */
export const tolerance = 400_000;

/**
 * How much more there is after `count` cycles than before them. What the engine adds once, such as compiled code or a
 * larger table, is not counted: the heap may grow in one round or two, a leak grows it in each.
 */
export async function growthOf(count: number, make: MakeWait): Promise<Growth> {
  const parent = background().withCancel();
  const wait = make(parent);
  await runCycles(parent, Math.min(count, 3000), wait);
  let reachable = await reachableBytes();
  const before = { listeners: listeners(), timers: timers() };
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && bytes > tolerance; round++) {
    await runCycles(parent, count, wait);
    const reached = await reachableBytes();
    bytes = Math.min(bytes, reached - reachable);
    reachable = reached;
  }
  const growth = { bytes, listeners: listeners() - before.listeners, timers: timers() - before.timers };
  parent.cancel();
  return growth;
}

const listeners = countListeners();

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

/** A test for each: `count` cycles leave nothing behind. */
export function testLeaks(makers: Readonly<Record<string, MakeWait>>, count: number): void {
  for (const [name, make] of Object.entries(makers)) {
    test(`${name}: ${count} that are canceled leave heap, listeners and timers as they were`, async () => {
      const { bytes, ...counted } = await growthOf(count, make);

      assert.deepEqual(counted, { listeners: 0, timers: 0 });
      assert.ok(bytes < tolerance, `the heap grew by ${bytes} bytes`);
    });
  }
}
