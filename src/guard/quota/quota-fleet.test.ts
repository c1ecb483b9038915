import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { rootContext } from '../../concurrency/index.ts';
import { failOnLeaks, type VirtualClock, virtualClock } from '../../testing/index.ts';
import { headOf } from '../limits/heads.fixture.ts';
import { maxMinShares } from './max-min.ts';
import { memoryQuotaStore } from './memory-quota-store.ts';
import { type Quota, quota } from './quota.ts';
import { seeded } from './quota-reports.fixture.ts';
import type { QuotaGrant, QuotaReport, QuotaStore } from './quota-store.ts';
import { quotaTree } from './quota-tree.ts';

failOnLeaks();

const tenants = Array.from({ length: 16 }, (_, index) => `t${index}`);
const capacity = 1_600;
const stepMs = 5;
/** One asks for ten times its part, four for less than theirs, the others for half as much again. */
const offered = tenants.map((_, index) => (index === 0 ? 1_000 : index < 5 ? 60 : 150));
/** A store that can be away, silent, or out of reach for some. */
class FlakyStore implements QuotaStore {
  mode: 'well' | 'away' | 'silent' = 'well';
  inner: QuotaStore;
  readonly cutOff = new Set<string>();

  constructor(inner: QuotaStore) {
    this.inner = inner;
  }

  exchange(ctx: Parameters<QuotaStore['exchange']>[0], report: QuotaReport): Promise<QuotaGrant> {
    if (this.mode === 'away' || this.cutOff.has(report.instance))
      return Promise.reject(new Error('connection refused'));
    if (this.mode === 'silent') return new Promise(() => {});
    return this.inner.exchange(ctx, report);
  }

  release(ctx: Parameters<QuotaStore['exchange']>[0], instance: string): Promise<void> {
    return this.mode === 'well' && !this.cutOff.has(instance)
      ? this.inner.release(ctx, instance)
      : Promise.reject(new Error('connection refused'));
  }
}

class Fleet {
  readonly clock: VirtualClock = virtualClock();
  readonly store: FlakyStore;
  /** Those that calls are sent to. */
  readonly members: Quota[];
  readonly #all: readonly Quota[];
  readonly #owed = new Map<string, number>();
  readonly #random: () => number;

  constructor(size = 4, seed = 1) {
    const ctx = rootContext(this.clock);
    this.#random = seeded(seed);
    this.store = new FlakyStore(memoryQuotaStore({ clock: this.clock }));
    const tree = quotaTree({ limit: capacity, template: {} });
    this.members = Array.from({ length: size }, (_, index) =>
      quota(ctx, { tree, store: this.store, instance: `i${index}`, random: this.#random }),
    );
    this.#all = [...this.members];
  }

  get phases(): string {
    return [...new Set(this.members.map((member) => member.snapshot().phase))].join();
  }

  /** As after kill -9: no more calls, renewals or farewell. */
  kill(): void {
    const member = this.members.pop()!;
    this.store.cutOff.add(member.snapshot().instance);
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
    const closing = Promise.all(this.#all.map((member) => member.close()));
    await this.clock.advance(1_000);
    await closing;
  }
}

describe('a quota of 16 tenants on 4 instances, one of which asks for ten times its part', () => {
  let fleet: Fleet;
  beforeEach(async () => {
    fleet = new Fleet();
    await fleet.run(4_000);
  });
  afterEach(() => fleet.close());

  it('gives each its max-min share, within 2 %', async () => {
    const admitted = await fleet.run(10_000);

    assertShares(admitted, 10_000, 0.02);
  });

  it('divides what is left within 10 % for one lease after an instance was killed, and everything within 2 % afterwards', async () => {
    fleet.kill();

    const meanwhile = await fleet.run(2_000);
    const settling = await fleet.run(1_000);
    const afterwards = await fleet.run(10_000);

    assertFair(meanwhile, 2_000, 0.1);
    assert.ok(sum(meanwhile) >= 0.75 * 2 * capacity, 'at most what the dead one held is missing');
    assertFair(settling, 1_000, 0.1);
    assertShares(afterwards, 10_000, 0.02);
  });

  it('goes on for one lease as if nothing were when the store is gone, then with a tenth less', async () => {
    fleet.store.mode = 'away';

    const meanwhile = await fleet.run(1_500);
    const degraded = await fleet.run(10_000);

    assertShares(meanwhile, 1_500, 0.04);
    assert.equal(fleet.phases, 'degraded');
    assertFair(degraded, 10_000, 0.1);
    const all = sum(degraded) / 10;
    assert.ok(all > 0.88 * capacity && all < 0.92 * capacity, `${all} calls per second`);
  });

  it('decides on, and gives up on each exchange in time, when the store is silent', async () => {
    fleet.store.mode = 'silent';

    const meanwhile = await fleet.run(1_500);
    const degraded = await fleet.run(5_000);

    assertShares(meanwhile, 1_500, 0.04);
    assertFair(degraded, 5_000, 0.1);
    assert.equal(fleet.phases, 'degraded');
  });

  for (const title of ['comes back', 'comes back empty']) {
    it(`is never above the limit and soon fair again when the store ${title}`, async () => {
      fleet.store.mode = 'away';
      await fleet.run(5_000);
      fleet.store.mode = 'well';
      if (title.endsWith('empty')) fleet.store.inner = memoryQuotaStore({ clock: fleet.clock });

      for (let second = 0; second < 5; second++) {
        const meanwhile = sum(await fleet.run(1_000));
        assert.ok(meanwhile <= 1.02 * capacity, `${meanwhile} calls in second ${second}`);
      }

      assert.equal(fleet.phases, 'leased');
      assertShares(await fleet.run(10_000), 10_000, 0.02);
    });
  }
});

/** Each tenant has its max-min share of the capacity. */
function assertShares(admitted: readonly number[], ms: number, tolerance: number, available = capacity): void {
  const fair = maxMinShares(
    available,
    offered.map((wants) => ({ wants })),
  );
  const ratios = admitted.map((count, index) => (count * 1_000) / ms / fair[index]!);
  const jain = sum(ratios) ** 2 / (ratios.length * sum(ratios.map((ratio) => ratio * ratio)));
  assert.ok(jain >= 0.98, `Jain's index is ${jain}`);
  for (const [index, ratio] of ratios.entries()) {
    assert.ok(
      Math.abs(ratio - 1) <= tolerance,
      `${tenants[index]} has ${ratio} of its share, ${fair[index]} per second`,
    );
  }
}

/** The same while there was less to be had: of what was admitted in all each tenant has its max-min share. */
function assertFair(admitted: readonly number[], ms: number, tolerance: number): void {
  assertShares(admitted, ms, tolerance, (sum(admitted) * 1_000) / ms);
}

function sum(all: readonly number[]): number {
  return all.reduce((total, number) => total + number, 0);
}
