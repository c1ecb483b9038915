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
  /** Calls so far, by tenant. */
  readonly offered: readonly number[];
  /** Of them, those that were let through. */
  readonly admitted: readonly number[];
  /** The longest, in ms, for which the machine did not let this process run since it was asked last. */
  readonly stalledMs: number;
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
  const offered = heads.map(() => 0);
  const admitted = heads.map(() => 0);
  let offeredAt = performance.now();
  let stalledMs = 0;
  const offer = () => {
    const now = performance.now();
    for (const [index, rate] of offers.entries()) {
      owed[index]! += (rate * (now - offeredAt)) / 1_000;
      for (; owed[index]! >= 1; owed[index]!--) {
        offered[index]!++;
        if (member.acquire(heads[index]!).admitted) admitted[index]!++;
      }
    }
    stalledMs = Math.max(stalledMs, now - offeredAt);
    offeredAt = now;
  };
  setInterval(offer, everyMs);
  process.on('message', (message: { offers?: readonly number[]; ask?: number }) => {
    // However late this is, what is told is whole up to now.
    offer();
    offers = message.offers ?? offers;
    if (message.ask === undefined) return;
    const { phase, instances, leaves } = member.snapshot();
    const shares = heads.map(({ fields }) => leaves.find(({ path }) => path === fields.tenant)?.share ?? 0);
    const atMs = performance.timeOrigin + offeredAt;
    const counts = { offered, admitted, stalledMs };
    stalledMs = 0;
    process.send!({ ask: message.ask, ...counts, atMs, phase, instances, shares } satisfies MemberReport);
  });
  process.on('disconnect', () => process.exit());
}

const [url, instance, capacity] = process.argv.slice(2);
main(url!, instance!, Number(capacity));
