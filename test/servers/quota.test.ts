import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { maxMinShares } from 'flotilla/guard';
import { freePort, missing } from './program.ts';
import { QuotaFleet, type Rates, RedisProcess } from './quota-fleet.ts';

const capacity = 1_600;
/** One asks for ten times its part, four for less than theirs, the others for half as much again. */
const offered = Array.from({ length: 16 }, (_, index) => (index === 0 ? 1_000 : index < 5 ? 60 : 150));
const leaseMs = 2_000;
/** A process that stood still for longer lost some of what a bucket of a second saves up: then shares say nothing. */
const mostStalledMs = 500;

/** One story: each step begins where the last has left the processes. */
describe('a quota of 16 tenants on 4 processes with Redis between them', { skip: missing('redis-server') }, () => {
  let redis: RedisProcess;
  let fleet: QuotaFleet;
  before(async () => {
    redis = new RedisProcess(await freePort());
    await redis.start();
    fleet = new QuotaFleet(4, `redis://127.0.0.1:${redis.port}`, capacity, offered);
  });
  after(async () => {
    await fleet.close();
    redis.resume();
    await redis.kill();
  });

  it('gives each its max-min share, within 2 %', async (t) => {
    await settled(4);

    t.diagnostic(await steady(0.02));
  });

  it('divides what is left within 10 % for one lease after kill -9 of a process, and everything within 2 % afterwards', async (t) => {
    await fleet.killOne();

    const meanwhile = await fleet.rates(leaseMs);
    await settled(3);

    t.diagnostic(assertShares(meanwhile, 0.1, sum(meanwhile.admitted)));
    t.diagnostic(await steady(0.02));
  });

  it('goes on within 10 % for one lease after kill -9 of Redis, then within its part of the limit', async (t) => {
    await redis.kill();

    const meanwhile = await fleet.rates(leaseMs);
    await fleet.until('all are degraded', (reports) => reports.every(({ phase }) => phase === 'degraded'));

    t.diagnostic(assertShares(meanwhile, 0.1));
    t.diagnostic(await steady(0.05, 0.9 * capacity));
  });

  it('is fair again when an empty Redis comes back, and never above the limit meanwhile', async (t) => {
    await redis.start();

    const { admitted } = await fleet.rates(leaseMs);
    await settled(3);

    assert.ok(sum(admitted) <= 1.02 * capacity, `${sum(admitted)} calls per second`);
    t.diagnostic(`${Math.round(sum(admitted))} calls per second meanwhile`);
    t.diagnostic(await steady(0.02));
  });

  it('decides on while Redis does not answer, and is fair again when it does', async (t) => {
    redis.suspend();

    const meanwhile = await fleet.rates(leaseMs);
    await fleet.until('all are degraded', (reports) => reports.every(({ phase }) => phase === 'degraded'));
    redis.resume();
    await settled(3);

    t.diagnostic(assertShares(meanwhile, 0.1));
    t.diagnostic(await steady(0.02));
  });

  /** Looks on until each has had its share: before, what was saved up is used up. Throws when that does not come about. */
  async function steady(tolerance: number, available = capacity): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const { figures, isFair } = judge(await fleet.rates(3_000), tolerance, available);
      if (isFair) return figures;
      assert.ok(attempt < 10, figures);
    }
  }

  /** All hold leases, and what they hold of each tenant is its share. */
  async function settled(instances: number): Promise<void> {
    const fair = fairOf(capacity);
    await fleet.until(
      'all shares are fair',
      (reports) =>
        reports.every((report) => report.phase === 'leased' && report.instances === instances) &&
        fair.every((share, tenant) => {
          const held = reports.reduce((sum, { shares }) => sum + shares[tenant]!, 0);
          return held >= 0.99 * share;
        }),
    );
  }
});

function fairOf(available: number, wants: readonly number[] = offered): readonly number[] {
  return maxMinShares(
    available,
    wants.map((wants) => ({ wants })),
  );
}

/** For what does not come again: where the machine stood still it is only told. */
function assertShares(rates: Rates, tolerance: number, available = capacity): string {
  const { figures, isFair } = judge(rates, tolerance, available);
  assert.ok(isFair || rates.stalledMs > mostStalledMs, figures);
  return figures;
}

/** Whether each tenant has its max-min share of what is available, by what was really offered. */
function judge({ offered, admitted, stalledMs }: Rates, tolerance: number, available: number) {
  const fair = fairOf(available, offered);
  const ratios = admitted.map((rate, index) => rate / fair[index]!);
  const jain = sum(ratios) ** 2 / (ratios.length * sum(ratios.map((ratio) => ratio * ratio)));
  const error = Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)));
  const figures =
    `Jain ${jain.toFixed(5)}, error ${(100 * error).toFixed(2)} %, ${Math.round(sum(admitted))} of ${capacity}/s, ` +
    `stood still for ${Math.round(stalledMs)} ms: ${admitted.map(Math.round).join(' ')}`;
  return { figures, isFair: jain >= 0.98 && error <= tolerance };
}

function sum(all: readonly number[]): number {
  return all.reduce((total, number) => total + number, 0);
}
