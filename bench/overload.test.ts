import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { seededRandom } from '../src/cli/load/arrivals.ts';
import { AegisLimiter } from './overload/aegis.ts';
import { Answers } from './overload/answers.ts';
import { Dependency } from './overload/dependency.ts';
import { Load } from './overload/load.ts';
import { measurePriorities } from './overload/measure.ts';
import { priorities } from './overload/rows.ts';
import { Target } from './overload/target.ts';

test('a load sends what is due of each phase and kind, and counts what is answered', async () => {
  const asked = { plain: 0, background: 0 };
  const server = createServer((request, response) => {
    const isRefused = request.headers['flotilla-priority'] === 'background';
    asked[isRefused ? 'background' : 'plain']++;
    response.writeHead(isRefused ? 503 : 200, { 'content-length': 9 }).end('an answer');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const load = await Load.open({
    port: (server.address() as AddressInfo).port,
    path: '/',
    connections: 50,
    random: seededRandom(1),
    kinds: [{ share: 0.5 }, { share: 0.5, headers: { 'flotilla-priority': 'background' } }],
  });

  const answers = await load.run([
    { perSecond: 200, seconds: 0.2 },
    { perSecond: 1000, seconds: 0.2 },
  ]);

  load.close();
  server.close();
  server.closeAllConnections();
  const inPhase = (phase: number) => answers.offered(answers.phase(phase)) * 0.2;
  assert.ok(inPhase(0) > 10 && inPhase(0) < 100, `${inPhase(0)}`);
  assert.ok(inPhase(1) > 100 && inPhase(1) < 400, `${inPhase(1)}`);
  assert.deepEqual([answers.count(200), answers.count(503)], [asked.plain, asked.background]);
  assert.equal(answers.refused(), asked.background);
  assert.equal(answers.success()[1], 0);
});

test('an answer that is late is no goodput, though its latency counts', () => {
  const answers = new Answers([{ perSecond: 2, seconds: 2 }], 1);
  for (const tookMs of [10, 150, 201]) {
    const request = answers.due(500, 0);
    answers.answered(request, 200, 500 + tookMs);
  }
  answers.answered(answers.due(1600, 0), 503, 1601);
  answers.due(1700, 0);

  assert.deepEqual([answers.offered(), answers.goodput()], [2.5, 1]);
  assert.equal(answers.latency(0.99), 201);
  assert.deepEqual(answers.slices(answers.whole(), 1000), [
    { atMs: 0, offered: 3, good: 2 },
    { atMs: 1000, offered: 2, good: 0 },
  ]);
});

test('the dependency answers in order, so many at once', async () => {
  const dependency = new Dependency(2, 1);
  const order: number[] = [];

  await Promise.all([0, 1, 2, 3, 4].map(async (i) => dependency.ask().then(() => order.push(i))));

  assert.deepEqual(order, [0, 1, 2, 3, 4]);
});

test('the rule of aegis refuses only while its CPU average is high, by throughput and duration', () => {
  let now = 0;
  const limiter = new AegisLimiter(() => now);
  // Ten calls of 20 ms in each tenth of a second: two at once.
  for (let i = 0; i < 50; i++, now += 10) {
    limiter.tryBegin();
    limiter.end(20);
  }
  const admitted = () => Array.from({ length: 5 }, () => limiter.tryBegin()).filter(Boolean).length;

  const idle = admitted();
  for (let i = 0; i < 100; i++) limiter.sampleCpu(1);
  for (let i = 0; i < idle; i++) limiter.end(20);
  now += 100;
  const busy = admitted();

  assert.deepEqual([idle, busy], [5, 3]);
});

test('a server of the bench answers on both routes, and a part has all its rows', async () => {
  const target = await Target.start('off', 1, []);
  try {
    const { perSecond } = await target.capacity('cpu', 0.2);
    const io = await target.capacity('io', 0.2);
    const measured = await measurePriorities(target, 'io', { perSecond: 20, cpuMicros: 1 }, 0.5);

    assert.ok(perSecond > 0 && io.perSecond > 0);
    assert.deepEqual(
      Object.keys(measured),
      priorities.map((name) => `io-priority-${name}`),
    );
  } finally {
    await target.stop();
  }
});
