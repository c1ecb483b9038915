import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { background, sleep } from 'flotilla/concurrency';
import { startFleet, startLane } from 'flotilla/testing';
import { LaneLoad } from './load.ts';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The way of a call of this lane while blue has a `middle` and green a `leaf` of its own. */
const ways: Readonly<Record<string, string>> = {
  '': 'middle@: leaf@:',
  blue: 'middle@blue:blue leaf@:blue',
  green: 'middle@:green leaf@green:green',
};
const wayWithoutBlue = 'middle@:blue leaf@:blue';

export interface TwoLanesReport {
  readonly calls: Readonly<Record<string, number>>;
  /** From the first call of blue that the baseline answered to the last one that blue did: what a watch takes. */
  readonly overlapMs: number;
}

/**
 * Two lanes and the baseline under load for so long; then blue is ended, and its calls go to the baseline, while green and
 * the baseline see nothing of it. `args` are those of `flotilla up`. Throws what did not hold.
 */
export async function twoLanes(loadMs: number, clients: number, args: readonly string[] = []): Promise<TwoLanesReport> {
  const ctx = background();
  const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-lanes-'));
  using held = new DisposableStack();
  held.defer(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  using starting = ctx.withTimeout(120_000);
  await using fleet = await startFleet(starting, file('fleet.ts'), { dataDir, args });
  await using green = await startLane(starting, 'green', { dataDir, services: { leaf: file('hop.ts') } });
  await using blue = await startLane(starting, 'blue', { dataDir, services: { middle: file('hop.ts') } });
  const load = new LaneLoad(fleet.app, Object.keys(ways), clients);
  try {
    // The gate and the services hear of the lanes within a watch.
    for (const lane of ['blue', 'green']) await load.until((answer) => answer.way === ways[lane]);
    const settled = load.answers.length;
    await sleep(ctx, loadMs);
    const wrong = load.answers.slice(settled).filter(({ lane, way }) => way !== ways[lane]);
    assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} calls left their lane`);

    const endedAt = load.answers.length;
    using ending = ctx.withTimeout(60_000);
    assert.equal(await blue.stop(ending), 0, blue.output());
    await load.until((answer) => answer.way === wayWithoutBlue);
    await sleep(ctx, 500);
    await load.stop();

    const after = load.answers.slice(endedAt);
    const allowed = (lane: string) => (lane === 'blue' ? [ways.blue!, wayWithoutBlue] : [ways[lane]!]);
    const leaks = after.filter(({ lane, way }) => !allowed(lane).includes(way));
    assert.deepEqual(leaks.slice(0, 5), [], `${leaks.length} calls failed or left their lane while blue ended`);
    const lastOwn = Math.max(0, ...load.answers.filter(({ way }) => way === ways.blue).map(({ sentAt }) => sentAt));
    const firstBaseline = after.find(({ way }) => way === wayWithoutBlue)!.sentAt;
    const count = (lane: string) => load.answers.filter((answer) => answer.lane === lane).length;
    return {
      calls: Object.fromEntries(Object.keys(ways).map((lane) => [lane || 'baseline', count(lane)])),
      overlapMs: Math.max(0, lastOwn - firstBaseline),
    };
  } catch (error) {
    throw new Error(`${fleet.output()}\n${blue.output()}\n${green.output()}`, { cause: error });
  } finally {
    await load.stop();
  }
}
