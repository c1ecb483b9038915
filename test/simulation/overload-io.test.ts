import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guarded } from './guarded.ts';
import { capacityOf, type Policy, run, type Scenario } from './overload-scenario.ts';
import { bbr } from './peers/bbr.ts';
import { cpuShedder } from './peers/cpu-shedder.ts';
import { seeds } from './seeds.ts';

/** E2: a dependency has a queue without a bound, and the event loop is idle. */
interface Io {
  readonly meanMs: number;
  readonly servers: number;
}
const services: readonly Io[] = [
  { meanMs: 1, servers: 4 },
  { meanMs: 20, servers: 20 },
  { meanMs: 200, servers: 20 },
];
/** The share of the best goodput that is left at so many times the capacity. */
const bars = [
  { factor: 2, share: 0.95 },
  { factor: 5, share: 0.9 },
  { factor: 10, share: 0.8 },
];

function scenarioOf(io: Io, seed: number, policy: Policy): Scenario {
  return { kind: 'io', ...io, seed, policy };
}

/** Long enough for a few thousand calls, and for what learns from them. */
function lengthOf(scenario: Scenario): number {
  return Math.max(12_000, (12_000 / capacityOf(scenario)) * 1000);
}

function measure(scenario: Scenario, factor: number) {
  const untilMs = lengthOf(scenario);
  const { goodput, latency } = run(scenario, factor, untilMs).table.summary({ fromMs: untilMs / 3, untilMs });
  return { goodput, p99: latency.p99 };
}

for (const seed of seeds) {
  for (const io of services) {
    const name = `${io.servers} connections of ${io.meanMs} ms`;

    test(`${name}: at 2, 5 and 10 times the capacity goodput and latency stay, seed ${seed}`, () => {
      const scenario = scenarioOf(io, seed, guarded);
      const ran = bars.map((bar) => ({ ...bar, ...measure(scenario, bar.factor) }));
      const best = Math.max(measure(scenario, 1).goodput, ...ran.map(({ goodput }) => goodput));
      // What is above the capacity is luck of the draw.
      const peak = Math.min(best, capacityOf(scenario));
      const unloaded = measure(scenario, 0.3).p99;

      assert.ok(peak >= 0.9 * capacityOf(scenario), `the peak is ${peak} of ${capacityOf(scenario)} calls per second`);
      for (const { factor, share, goodput, p99 } of ran) {
        assert.ok(goodput >= share * peak, `${factor}: goodput ${goodput}, peak ${peak}`);
        assert.ok(p99 <= 3 * unloaded, `${factor}: p99 ${p99} ms, unloaded ${unloaded} ms`);
      }
    });
  }

  test(`a load below the capacity is not refused for what chance does, seed ${seed}`, () => {
    const scenario = scenarioOf(services[1]!, seed, guarded);
    const { sent, refused } = run(scenario, 0.5, 60_000).table.summary();

    assert.ok(refused <= sent * 0.03, `${refused} of ${sent} refused`);
  });

  for (const [name, policy] of [
    ['no limit', undefined],
    ['a limit that a busy CPU opens, as of aegis', bbr],
    ['a limit that a busy CPU opens, as of go-zero', cpuShedder],
  ] as const) {
    test(`${name} has no goodput left at twice the capacity of the dependency, seed ${seed}`, () => {
      const scenario = scenarioOf(services[1]!, seed, policy);
      const { goodput } = measure(scenario, 2);

      assert.ok(goodput <= 0.05 * capacityOf(scenario), `goodput ${goodput}`);
    });
  }
}
