import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import { channelContract } from './channel.contract.ts';
import { chan } from './local-channel.ts';
import { Ring } from './ring.ts';

failOnLeaks();

channelContract('a channel of one thread', (cap) => chan(cap));

test('a capacity that is none is refused with its range', () => {
  for (const cap of [-1, 1.5, Number.NaN, 2 ** 31]) assert.throws(() => chan(cap), RangeError);
});

test('a channel with a name says it in its errors', () => {
  const jobs = chan<number>(0, { name: 'jobs' });
  jobs.close();

  assert.throws(
    () => jobs.trySend(1),
    (error) => errors.as(error)?.message === 'send on a closed channel: "jobs"',
  );
});

test('a ring keeps order while it grows, with its start anywhere', () => {
  for (const start of [0, 3, 7]) {
    const ring = new Ring<number>();
    for (let n = 0; n < start; n++) ring.push(-1);
    for (let n = 0; n < start; n++) ring.shift();

    for (let n = 0; n < 50; n++) ring.push(n);

    assert.equal(ring.length, 50);
    assert.deepEqual([ring.at(0), ring.at(49), ring.at(50)], [0, 49, undefined]);
    for (let n = 0; n < 50; n++) assert.equal(ring.shift(), n);
    assert.equal(ring.length, 0);
  }
});
