import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rootContext } from '../../concurrency/index.ts';
import { failOnLeaks, type VirtualClock, virtualClock } from '../../testing/index.ts';
import { headOf } from '../limits/heads.fixture.ts';
import { maxMinShares } from './max-min.ts';
import { memoryQuotaStore } from './memory-quota-store.ts';
import { type Quota, quota } from './quota.ts';
import type { QuotaGrant, QuotaReport, QuotaStore } from './quota-store.ts';
import { quotaTree } from './quota-tree.ts';

failOnLeaks();

const tenants = Array.from({ length: 16 }, (_, index) => `t${index}`);
const capacity = 1_600;
const stepMs = 5;
/** One asks for ten times its part, four for less than theirs, the others for half as much again. */
const offered = tenants.map((_, index) => (index === 0 ? 1_000 : index < 5 ? 60 : 150));
const fair = maxMinShares(
  capacity,
  offered.map((wants) => ({ wants })),
);

/** A store that can be away, or silent. */
class FlakyStore implements QuotaStore {
  mode: 'well' | 'away' | 'silent' = 'well';
  inner: QuotaStore;

  constructor(inner: QuotaStore) {
    this.inner = inner;
  }

  exchange(ctx: Parameters<QuotaStore['exchange']>[0], report: QuotaReport): Promise<QuotaGrant> {
    if (this.mode === 'away') return Promise.reject(new Error('connection refused'));
    if (this.mode === 'silent') return new Promise(() => {});
    return this.inner.exchange(ctx, report);
  }

  release(ctx: Parameters<QuotaStore['exchange']>[0], instance: string): Promise<void> {
    return this.mode === 'well' ? this.inner.release(ctx, instance) : Promise.reject(new Error('connection refused'));
  }
}

class Fleet {
  readonly clock: VirtualClock = virtualClock();
  readonly store: FlakyStore;
  readonly members: Quota[];
  readonly #owed = new Map<string, number>();
  readonly #random: () => number;

  constructor(size = 4, seed = 1) {
    const ctx = rootContext(this.clock);
    this.#random = numbers(seed);
    this.store = new FlakyStore(memoryQuotaStore({ clock: this.clock }));
    const tree = quotaTree({ limit: capacity, template: {} });
    this.members = Array.from({ length: size }, (_, index) =>
      quota(ctx, { tree, store: this.store, instance: `i${index}`, random: this.#random }),
    );
  }

  /** Offers all tenants' calls evenly to the members, and counts what they admit. */
  async run(ms: number, offers: readonly number[] = offered): Promise<number[]> {
    const admitted = tenants.map(() => 0);
    for (let at = 0; at < ms; at += stepMs) {
      for (const [place, member] of this.members.entries()) {
        for (const [index, tenant] of tenants.entries()) {
          const key = `${place} ${tenant}`;
          let owed = (this.#owed.get(key) ?? this.#random()) + (offers[index]! * stepMs) / 1_000 / this.members.length;
          for (; owed >= 1; owed--) if (member.acquire(headOf({ tenant })).admitted) admitted[index]!++;
          this.#owed.set(key, owed);
        }
      }
      await this.clock.advance(stepMs);
    }
    return admitted;
  }

  async close(): Promise<void> {
    const closing = Promise.all(this.members.map((member) => member.close()));
    await this.clock.advance(1_000);
    await closing;
  }
}

describe('a quota of 16 tenants on 4 instances, one of which asks for ten times its part', () => {
  it('gives each its max-min share, within 2 %', async () => {
    const fleet = new Fleet();
    await fleet.run(4_000);

    const admitted = await fleet.run(10_000);

    console.log(
      figures(admitted, 10_000),
      admitted.map((n) => n / 10),
      fair,
    );
    assertShares(admitted, 10_000, 0.02);
    await fleet.close();
  });
});

function figures(admitted: readonly number[], ms: number) {
  const ratios = admitted.map((count, index) => count / ((fair[index]! * ms) / 1_000));
  const jain = ratios.reduce((a, b) => a + b) ** 2 / (ratios.length * ratios.reduce((a, b) => a + b * b, 0));
  return { jain, least: Math.min(...ratios), most: Math.max(...ratios) };
}

function assertShares(admitted: readonly number[], ms: number, tolerance: number): void {
  const { jain, least, most } = figures(admitted, ms);
  assert.ok(jain >= 0.98, `Jain's index is ${jain}`);
  assert.ok(least >= 1 - tolerance && most <= 1 + tolerance, `shares are ${least} to ${most} of what is fair`);
}

/** Numbers from 0 to below 1, the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
