import { setTimeout } from 'node:timers/promises';
import { background } from 'flotilla/concurrency';
import { p2cBalancer } from 'flotilla/discovery';
import { guardDefaults } from 'flotilla/service';
import { roundRobin } from '../../test/simulation/peers/round-robin.ts';
import { type Caller, type CallerOptions, caller, guardedCaller } from './caller.ts';
import { type Calls, type LoadOptions, openLoop } from './load.ts';
import type { Behaviour, Guard } from './messages.ts';
import { NodeProcess } from './node-process.ts';

/** Slow enough that what a busy machine adds is little beside it. */
export const healthy: Behaviour = {
  meanMs: 50,
  sigma: 0.5,
  stragglers: 0,
  stragglerMs: 2_500,
  failing: 0,
  code: 'internal',
};
const broken: Behaviour = { ...healthy, meanMs: 0, failing: 1, code: 'unavailable' };

type Figures = Readonly<Record<string, number>>;

/** How long everything takes. */
export interface Times {
  readonly settlingSeconds: number;
  readonly seconds: number;
}

/** Two nodes in each of three tiers, of which the last fails altogether: what arrives there, by the requests at the first. */
export async function measureTiers(guard: Guard, times: Times): Promise<Figures> {
  const tiers: NodeProcess[] = [];
  try {
    for (let tier = 0; tier < 3; tier++) {
      const behind = tiers.at(-1);
      const next = behind && { urls: behind.urls, guard };
      tiers.push(await NodeProcess.start({ count: 2, behaviour: broken, ...(next && { next }) }));
    }
    using client = guardedCaller(tiers.at(-1)!.urls, guard);
    const { sent } = await load(client, { ...times, perSecond: 20 });
    const arrived = await tiers[0]!.arrived('measured');
    return { 'tiers-attempts': sum(arrived) / sent };
  } finally {
    await Promise.all(tiers.map((tier) => tier.stop()));
  }
}

/** Ten nodes of which one takes ten times as long, beside ten healthy ones that have the same load at the same time. */
export async function measureSlowNode(
  nodes: NodeProcess,
  choose: 'default' | 'round-robin',
  times: Times,
): Promise<Figures> {
  const slow = Math.floor(nodes.urls.length / 2);
  await nodes.behave({ [slow]: { ...healthy, meanMs: healthy.meanMs * 10 } });
  const options: CallerOptions = choose === 'default' ? {} : { balancer: roundRobin };
  using well = caller(nodes.urls.slice(0, slow), options);
  using one = caller(nodes.urls.slice(slow), options);
  try {
    const [without, withSlow] = await Promise.all([
      load(well, { ...times, perSecond: 200 }),
      load(one, { ...times, perSecond: 200, seed: 2 }),
    ]);
    return { 'slow-node-p99': withSlow.latency(0.99) / without.latency(0.99) };
  } finally {
    await nodes.behave({ [slow]: healthy });
  }
}

/** Ten nodes, one call in a hundred takes fifty times as long wherever it goes. */
export async function measureHedge(nodes: NodeProcess, hedge: boolean, times: Times): Promise<Figures> {
  const ten = nodes.urls.slice(0, 10);
  const stragglers = { ...healthy, stragglers: 0.01, stragglerMs: healthy.meanMs * 50 };
  await nodes.behave(forAll(ten, stragglers));
  const before = sum(await nodes.arrived('measured'));
  using client = caller(ten, { guard: { hedge } });
  try {
    const { settlingSeconds, seconds } = times;
    // 16,000 calls: of 4,000 the slowest thousandth is 4, and 2 or 6 of them come as easily.
    const long = { settlingSeconds: settlingSeconds * 2, seconds: seconds * 4 };
    const calls = await load(client, { ...long, perSecond: 400 });
    const arrived = sum(await nodes.arrived('measured')) - before;
    return { 'hedge-p999': calls.latency(0.999) / calls.latency(0.95), 'hedge-extra': arrived / calls.sent - 1 };
  } finally {
    await nodes.behave(forAll(ten, healthy));
  }
}

/** The longest of some trials: from when one of ten nodes begins to fail half of its calls until it gets none. */
export async function measureHalfFailing(nodes: NodeProcess, trials: number): Promise<Figures> {
  const ten = nodes.urls.slice(0, 10);
  let longest = 0;
  for (let trial = 0; trial < trials; trial++) longest = Math.max(longest, await ejection(nodes, ten));
  return { 'half-failing-ejected': longest };
}

/** In intervals; as many as it was watched for if it was not ejected. */
async function ejection(nodes: NodeProcess, urls: readonly string[]): Promise<number> {
  const { intervalMs } = guardDefaults.outlier;
  const failing = Math.floor(Math.random() * urls.length);
  const ejected = Promise.withResolvers<number>();
  using client = caller(urls, {
    balancer: (hooks) =>
      p2cBalancer({
        ...hooks,
        onOutlier(event) {
          hooks.onOutlier(event);
          if (event.kind === 'ejected' && event.node === `room-${failing + 1}`) ejected.resolve(performance.now());
        },
      }),
  });
  const stop = new AbortController();
  const options = { perSecond: 400, settlingSeconds: 0, seconds: watchedSeconds, signal: stop.signal };
  const done = load(client, options);
  // At any moment of an interval.
  await setTimeout((1 + Math.random()) * intervalMs);
  await nodes.behave({ [failing]: { ...healthy, failing: 0.5 } });
  const begunAt = performance.now();
  const endedAt = await Promise.race([ejected.promise, done.then(() => performance.now())]);
  stop.abort();
  await nodes.behave({ [failing]: healthy });
  await done;
  return (endedAt - begunAt) / intervalMs;
}

const watchedSeconds = 5;

function load(client: Caller, options: Omit<LoadOptions, 'seed'> & { readonly seed?: number }): Promise<Calls> {
  return openLoop({ seed: 1, ...options }, (label) => client.getRoom(background(), { id: label }));
}

function forAll(urls: readonly string[], behaviour: Behaviour): Readonly<Record<number, Behaviour>> {
  return Object.fromEntries(urls.map((_, node) => [node, behaviour]));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
