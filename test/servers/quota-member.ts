/**
 * One instance of a service for quota.test.ts: offers itself the calls it is told to, evenly in time, and counts what it
 * admits. Takes `{ offers }` (calls per second by tenant) and `{ ask }` messages, and answers the latter with a MemberReport.
 */
import { redisQuotaStore } from 'flotilla/adapters/redis';
import { defaultFields } from 'flotilla/call';
import { background } from 'flotilla/concurrency';
import { type QuotaPhase, quota, quotaTree } from 'flotilla/guard';
import { createClient } from 'redis';

export interface MemberReport {
  readonly ask: number;
  /** Admitted so far, by tenant. */
  readonly admitted: readonly number[];
  /** On the clock that all processes share. */
  readonly atMs: number;
  readonly phase: QuotaPhase;
  readonly instances: number;
  /** What it may let through per second, by tenant. */
  readonly shares: readonly number[];
}

const everyMs = 10;

function main(url: string, instance: string, capacity: number): void {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: 50 } });
  client.on('error', () => {});
  client.connect().catch(() => {});
  const tree = quotaTree({ limit: capacity, template: {} });
  const member = quota(background(), { tree, instance, store: redisQuotaStore(client, { name: 'test' }) });
  let offers: readonly number[] = [];
  const heads = Array.from({ length: 16 }, (_, index) => ({
    service: 'test',
    method: 'Call',
    sizeBytes: undefined,
    timeoutMs: undefined,
    fields: { ...defaultFields, tenant: `t${index}` },
  }));
  const owed = heads.map(() => Math.random());
  const admitted = heads.map(() => 0);
  let offeredAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    for (const [index, rate] of offers.entries()) {
      owed[index]! += (rate * (now - offeredAt)) / 1_000;
      for (; owed[index]! >= 1; owed[index]!--) if (member.acquire(heads[index]!).admitted) admitted[index]!++;
    }
    offeredAt = now;
  }, everyMs);
  process.on('message', (message: { offers?: readonly number[]; ask?: number }) => {
    offers = message.offers ?? offers;
    if (message.ask === undefined) return;
    const { phase, instances, leaves } = member.snapshot();
    const shares = heads.map(({ fields }) => leaves.find(({ path }) => path === fields.tenant)?.share ?? 0);
    const atMs = performance.timeOrigin + performance.now();
    process.send!({ ask: message.ask, admitted, atMs, phase, instances, shares } satisfies MemberReport);
  });
  process.on('disconnect', () => process.exit());
}

const [url, instance, capacity] = process.argv.slice(2);
main(url!, instance!, Number(capacity));
