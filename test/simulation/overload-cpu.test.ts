import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callHead, logNormal, type Random } from '../../src/testing/index.ts';
import { guarded } from './guarded.ts';
import { capacityOf, run, type Scenario } from './overload-scenario.ts';
import { seeds } from './seeds.ts';

/** E1: calls keep the event loop, and a refusal costs 2 % of one. */
const scenarioOf = (meanMs: number, sigma: number, seed: number): Scenario => ({
  kind: 'cpu',
  meanMs,
  sigma,
  seed,
  policy: guarded,
});
const services = [
  { name: 'calls of 1 ms, all alike', meanMs: 1, sigma: 0 },
  { name: 'calls of 1 ms', meanMs: 1, sigma: 1 },
  { name: 'calls of 20 ms', meanMs: 20, sigma: 1 },
];
/** A refusal of 2 % leaves (1 - 10 * 0.02) / (1 - 0.02) = 81.6 % at ten times the capacity, to the best of guards. */
const bars = [
  { factor: 2, share: 0.95 },
  { factor: 5, share: 0.9 },
  { factor: 10, share: 0.78 },
];

function measure(scenario: Scenario, factor: number) {
  const untilMs = Math.max(15_000, (3000 / capacityOf(scenario)) * 1000);
  const { goodput, latency } = run(scenario, factor, untilMs).table.summary({ fromMs: untilMs / 5, untilMs });
  return { goodput, p99: latency.p99 };
}

for (const seed of seeds) {
  for (const { name, meanMs, sigma } of services) {
    test(`${name}: at 2, 5 and 10 times the capacity goodput and latency stay, seed ${seed}`, () => {
      const scenario = scenarioOf(meanMs, sigma, seed);
      const ran = bars.map((bar) => ({ ...bar, ...measure(scenario, bar.factor) }));
      const best = Math.max(measure(scenario, 1).goodput, ...ran.map(({ goodput }) => goodput));
      // What is above the capacity is luck of the draw.
      const peak = Math.min(best, capacityOf(scenario));
      const unloaded = measure(scenario, 0.1).p99;

      for (const { factor, share, goodput, p99 } of ran) {
        assert.ok(goodput >= share * peak, `${factor}: goodput ${goodput}, peak ${peak}`);
        assert.ok(p99 <= 3 * unloaded, `${factor}: p99 ${p99} ms, unloaded ${unloaded} ms`);
      }
    });
  }

  test(`methods of 0.5 ms and of 20 ms on one loop keep their goodput at five times the capacity, seed ${seed}`, () => {
    // Of a hundred calls one is long: together they take 0.7 ms on average.
    const short = logNormal(0.5, 0.5);
    const long = logNormal(20, 0.5);
    const scenario: Scenario = {
      ...scenarioOf(0.695, 1, seed),
      cpu: ({ method }) => (method === 'Long' ? long : short),
      head: (random: Random, timeoutMs) => callHead({ method: random() < 0.01 ? 'Long' : 'Short', timeoutMs }),
    };

    const { table } = run(scenario, 5, 20_000);
    const settled = { fromMs: 2000, untilMs: 20_000 };
    const { goodput } = table.summary(settled);
    const methods = table.by('method', settled);

    assert.ok(goodput >= 0.8 * capacityOf(scenario), `goodput ${goodput} of ${capacityOf(scenario)}`);
    for (const [method, { good, sent }] of methods) assert.ok(good >= 0.1 * sent, `${method}: ${good} of ${sent}`);
  });

  test(`without a guard twice the capacity leaves no goodput, seed ${seed}`, () => {
    const { goodput } = measure({ kind: 'cpu', meanMs: 1, seed }, 2);

    assert.ok(goodput <= 50, `goodput ${goodput}`);
  });
}
