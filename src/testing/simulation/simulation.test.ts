import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bimodal,
  callHead,
  constant,
  type Distribution,
  exponential,
  jainIndex,
  logNormal,
  loopNode,
  openLoad,
  SimulatedCall,
  seededRandom,
  simulation,
  station,
} from '../index.ts';

test('events come in order of time, and in order of arming at the same time', () => {
  const world = simulation({ seed: 1 });
  const seen: string[] = [];
  const note = (name: string) => () => seen.push(`${name} ${world.clock.now()}`);
  world.clock.after(20, note('c'));
  world.clock.after(10, note('a'));
  world.clock.after(10, note('b'));
  const stopped = world.clock.after(15, note('never'));
  world.clock.after(30, () => world.clock.after(5, note('d')));
  world.clock.after(50, note('later'));

  assert.equal(stopped.stop(), true);
  world.run(40);

  assert.deepEqual(seen, ['a 10', 'b 10', 'c 20', 'd 35']);
  assert.equal(world.clock.now(), 40);
  assert.equal(stopped.stop(), false);
});

test('a thousand events in any order come sorted', () => {
  const world = simulation({ seed: 3 });
  const seen: number[] = [];
  for (let index = 0; index < 1000; index++)
    world.clock.at(Math.floor(world.random() * 500), () => seen.push(world.clock.now()));

  world.run(1000);

  assert.equal(seen.length, 1000);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
});

const distributions: readonly { name: string; of: Distribution; sigma: number }[] = [
  { name: 'constant', of: constant(5), sigma: 0 },
  { name: 'exponential', of: exponential(5), sigma: 5 },
  { name: 'logNormal', of: logNormal(5, 0.5), sigma: 5 * Math.sqrt(Math.exp(0.25) - 1) },
  { name: 'bimodal', of: bimodal(constant(1), constant(21), 0.2), sigma: 8 },
];
for (const { name, of, sigma } of distributions) {
  test(`${name} has the mean and the deviation that it promises`, () => {
    const random = seededRandom(5);
    const draws = Array.from({ length: 100_000 }, () => of.draw(random));
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    const deviation = Math.sqrt(draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length);

    assert.equal(of.meanMs, 5);
    assert.ok(Math.abs(mean - 5) < 0.1, `mean ${mean}`);
    assert.ok(Math.abs(deviation - sigma) < 0.1, `deviation ${deviation}`);
  });
}

test('a queue with one server is as long as the theory of queues says', () => {
  const world = simulation({ seed: 11 });
  const queue = station(world, { servers: 1, service: exponential(1) });

  const table = openLoad(world, { target: queue, rate: 500, untilMs: 400_000 });
  world.run(400_100);

  // M/M/1 at half load: the time in the system is exponential with a mean of 2 ms.
  const { p50, p99 } = table.summary().latency;
  assert.ok(Math.abs(p50 - 2 * Math.log(2)) < 0.05, `p50 ${p50}`);
  assert.ok(Math.abs(p99 - 2 * Math.log(100)) < 0.4, `p99 ${p99}`);
});

test('a loop runs one call at a time and fires its timers late', () => {
  const world = simulation({ seed: 1 });
  const node = loopNode(world, { cpu: constant(10) });
  const answers: number[] = [];
  const turns: number[][] = [];
  node.loop.onTurn((from, to) => turns.push([from, to]));
  const send = () =>
    node.send(new SimulatedCall(callHead(), world.clock.now(), 1000, () => answers.push(world.clock.now())));
  let fired = 0;
  node.loop.clock.after(12, () => {
    fired = world.clock.now();
  });

  // The first is read alone; the other two, and the timer, have come when its turn ends.
  for (const at of [5, 6, 7]) world.clock.at(at, send);
  world.run(100);

  assert.deepEqual(answers, [15, 25, 35]);
  assert.equal(fired, 15);
  assert.deepEqual(turns, [
    [5, 15],
    [15, 35],
  ]);
  assert.equal(node.loop.activeMs, 30);
});

test('a call that waits for a dependency leaves the loop to others, and ends at its deadline', () => {
  const world = simulation({ seed: 1 });
  const slow = station(world, { servers: 1, service: constant(80) });
  const node = loopNode(world, { cpu: constant(1), dependency: slow });

  const table = openLoad(world, { target: node, rate: [{ atMs: 0, perSecond: 50 }], timeoutMs: 100, untilMs: 1000 });
  world.run(10_000);

  const { sent, good, failed, latency } = table.summary();
  assert.equal(node.admitted, sent);
  assert.equal(slow.received, sent);
  assert.ok(good >= 1 && failed > good, `${good} good, ${failed} failed`);
  assert.ok(latency.max <= 120, `${latency.max}`);
  assert.deepEqual([...table.reasons()], [['DEADLINE_EXCEEDED', failed]]);
});

test('what a call does after its dependency has answered keeps the loop as well', () => {
  const world = simulation({ seed: 1 });
  const dependency = station(world, { servers: 10, service: constant(20) });
  const node = loopNode(world, { cpu: constant(1), dependency, cpuAfter: constant(5) });
  const answers: number[] = [];

  for (let call = 0; call < 2; call++)
    node.send(new SimulatedCall(callHead(), 0, 1000, () => answers.push(world.clock.now())));
  world.run(100);

  // The first is read alone; both wait beside the loop, and then for each other.
  assert.deepEqual(answers, [26, 31]);
  assert.equal(node.loop.activeMs, 12);
});

test('the same seed gives the same results, another one others', () => {
  const run = (seed: number) => {
    const world = simulation({ seed });
    const node = loopNode(world, { cpu: logNormal(1, 1) });
    const table = openLoad(world, { target: node, rate: 900, timeoutMs: 20, untilMs: 2000 });
    world.run(3000);
    return JSON.stringify([table.summary(), table.series(500)]);
  };

  assert.equal(run(1), run(1));
  assert.notEqual(run(1), run(2));
});

test('a load follows its steps', () => {
  const world = simulation({ seed: 2 });
  const target = station(world, { servers: 1000, service: constant(1) });
  const rate = [
    { atMs: 0, perSecond: 1000 },
    { atMs: 2000, perSecond: 0 },
    { atMs: 4000, perSecond: 3000 },
  ];

  const table = openLoad(world, { target, rate, untilMs: 6000 });
  world.run(7000);

  const sent = table.series(2000, { fromMs: 0, untilMs: 6000 }).map((point) => point.sent);
  assert.equal(sent[1], 0);
  assert.ok(Math.abs(sent[0]! - 2000) < 200 && Math.abs(sent[2]! - 6000) < 300, `${sent}`);
});

test('the index of fairness is 1 for equals and 1/n for a winner who takes all', () => {
  assert.equal(jainIndex([3, 3, 3, 3]), 1);
  assert.equal(jainIndex([9, 0, 0, 0]), 0.25);
  assert.equal(jainIndex([]), 1);
});
