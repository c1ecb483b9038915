import { type CallHead, defaultFields, type Outcome } from 'flotilla/call';
import { turnClock } from 'flotilla/concurrency';
import {
  type Balancer,
  hashed,
  type Instance,
  laneBalancer,
  leastInFlight,
  type MakeBalancer,
  type Pick,
  p2cBalancer,
  roundRobin,
  subset,
  weighted,
  zoneAware,
} from 'flotilla/discovery';
import type { MakeSubject, Row } from './harness.ts';

/**
 * What it takes to choose the instance of a call, in CPU time, by the number of instances, with up to 512 calls under way;
 * what it takes to hear how a call ended; and what a new list takes. The clock is that of resolvers, which is read once in a
 * turn of the loop.
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
const underWay = 512;
const runs = 8;

const names = Object.keys(balancers).flatMap((name) => sizes.map((size) => ({ name, size })));
const rows: readonly Row[] = [
  ...names.map(({ name, size }) => ({
    name: `${name}-${size}`,
    unit: 'ns',
    better: 'lower' as const,
    ...(name === 'p2c' && { limit: 200 }),
  })),
  ...['p2c', 'round-robin'].map((name) => ({ name: `done-${name}-100`, unit: 'ns', better: 'lower' as const })),
  { name: 'update-p2c-1000', unit: 'µs', better: 'lower' },
  { name: 'update-hashed-1000', unit: 'µs', better: 'lower' },
];

/** Does something so often, and says how many ms of CPU time the part of it that counts took. */
type Work = (count: number) => number;

export const subject: MakeSubject = async ({ quick }) => {
  const targetMs = quick ? 20 : 100;
  const works = new Map<string, Work>();
  for (const { name, size } of names) works.set(`${name}-${size}`, calls(make(balancers[name]!, size), 'pick'));
  for (const name of ['p2c', 'round-robin']) works.set(`done-${name}-100`, calls(make(balancers[name]!, 100), 'done'));
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
  const balancer = maker({ clock: turnClock, onOutlier: () => {} });
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

function calls(balancer: Balancer, what: 'pick' | 'done'): Work {
  const open: Pick[] = [];
  let at = 0;
  const pick = () => {
    for (let call = 0; call < underWay; call++) {
      at = at === heads.length - 1 ? 0 : at + 1;
      open[call] = balancer.pick(heads[at]!);
    }
  };
  const done = () => {
    for (let call = 0; call < underWay; call++) open[call]!.done(outcomes[call % outcomes.length]!);
  };
  return (count) => {
    let tookMs = 0;
    for (let call = 0; call < count; call += underWay) {
      const pickMs = timed(pick);
      const doneMs = timed(done);
      tookMs += what === 'pick' ? pickMs : doneMs;
    }
    return tookMs;
  };
}

/** One of a thousand comes and goes. */
function updates(balancer: Balancer): Work {
  const all = listOf(1_000);
  const most = all.slice(1);
  let revision = 1;
  return (count) =>
    timed(() => {
      for (let n = 0; n < count; n++)
        balancer.update({ service: 'room', revision: ++revision, instances: revision % 2 === 0 ? most : all });
    });
}

/** Milliseconds of CPU time of one, the best of some runs: what disturbs only adds. */
function best(work: Work, targetMs: number): number {
  let count = underWay;
  while (work(count) < targetMs / 8 && count < 1e7) count *= 2;
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) least = Math.min(least, work(count));
  return least / count;
}

function timed(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
