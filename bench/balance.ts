import { type CallHead, defaultFields, type Outcome } from 'flotilla/call';
import { systemClock } from 'flotilla/concurrency';
import {
  type Balancer,
  hashed,
  type Instance,
  laneBalancer,
  leastInFlight,
  type MakeBalancer,
  p2cBalancer,
  roundRobin,
  subset,
  weighted,
  zoneAware,
} from 'flotilla/discovery';
import type { MakeSubject, Row } from './harness.ts';

/**
 * What it takes to choose the instance of a call and to hear how it ended, in CPU time, with 64 calls under way, by the number of
 * instances; and what a new list takes. The clock is the system's, which is asked twice.
 */
const sizes = [10, 100, 1_000] as const;
const balancers: Readonly<Record<string, MakeBalancer>> = {
  p2c: p2cBalancer,
  'round-robin': roundRobin(),
  weighted: weighted(),
  'least-in-flight': leastInFlight(),
  hashed: hashed({ key: 'tenant' }),
  'zone-aware': zoneAware({ zone: 'a' }),
  subset: subset(),
  'lanes-p2c': (hooks) => laneBalancer(() => p2cBalancer(hooks)),
};
const underWay = 64;
const runs = 3;

const names = Object.keys(balancers).flatMap((name) => sizes.map((size) => ({ name, size })));
const rows: readonly Row[] = [
  ...names.map(({ name, size }) => ({
    name: `${name}-${size}`,
    unit: 'ns',
    better: 'lower' as const,
    ...(name === 'p2c' && { limit: 200 }),
  })),
  { name: 'update-p2c-1000', unit: 'µs', better: 'lower' },
  { name: 'update-hashed-1000', unit: 'µs', better: 'lower' },
];

export const subject: MakeSubject = async ({ quick }) => {
  const targetMs = quick ? 20 : 100;
  const works = new Map<string, (count: number) => void>();
  for (const { name, size } of names) works.set(`${name}-${size}`, picks(make(balancers[name]!, size)));
  for (const name of ['p2c', 'hashed']) works.set(`update-${name}-1000`, updates(make(balancers[name]!, 1_000)));
  return {
    rows,
    parts: rows.map(({ name }) => name),
    peers: {},
    async ours(part) {
      const row = rows.find(({ name }) => name === part);
      const work = works.get(part);
      if (row === undefined || work === undefined) return {};
      return { [part]: best(work, targetMs) * (row.unit === 'ns' ? 1e6 : 1e3) };
    },
    async close() {},
  };
};

function listOf(size: number): Instance[] {
  return Array.from({ length: size }, (_, index) => ({
    id: `room-${index}`,
    service: 'room',
    version: '1',
    endpoints: { rpc: `http://10.0.0.1:${1024 + index}` },
    lane: '',
    weight: 1 + (index % 2),
    metadata: { zone: 'abc'[index % 3]! },
  }));
}

function make(maker: MakeBalancer, size: number): Balancer {
  const balancer = maker({ clock: systemClock, onOutlier: () => {} });
  balancer.update({ service: 'room', revision: 1, instances: listOf(size) });
  return balancer;
}

const heads = Array.from(
  { length: 997 },
  (_, index): CallHead => ({
    service: 'room',
    method: 'Get',
    sizeBytes: undefined,
    timeoutMs: undefined,
    fields: { ...defaultFields, tenant: `tenant-${index}` },
  }),
);
const outcomes = Array.from({ length: 64 }, (_, index): Outcome => ({ error: undefined, durationMs: 4 + (index % 7) }));

function picks(balancer: Balancer): (count: number) => void {
  const open = Array.from({ length: underWay }, (_, index) => balancer.pick(heads[index]!));
  let at = 0;
  return (count) => {
    for (let call = 0; call < count; call++) {
      const slot = call % underWay;
      open[slot]!.done(outcomes[slot]!);
      at = at === 996 ? 0 : at + 1;
      open[slot] = balancer.pick(heads[at]!);
    }
  };
}

/** One of a thousand comes and goes. */
function updates(balancer: Balancer): (count: number) => void {
  const all = listOf(1_000);
  const most = all.slice(1);
  return (count) => {
    for (let revision = 2; revision < count + 2; revision++)
      balancer.update({ service: 'room', revision, instances: revision % 2 === 0 ? most : all });
  };
}

/** Milliseconds of CPU time of one, the best of some runs: what disturbs only adds. */
function best(work: (count: number) => void, targetMs: number): number {
  let count = 16;
  for (let took = 0; took < targetMs / 4; ) {
    count *= 2;
    took = timed(work, count);
  }
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) least = Math.min(least, timed(work, count * 2));
  return least / (count * 2);
}

function timed(work: (count: number) => void, count: number): number {
  const before = process.cpuUsage();
  work(count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
