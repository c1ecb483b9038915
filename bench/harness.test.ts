import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatReport, median, runSubject, summarise } from './harness.ts';

test('the median is the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('a round that one of them could not measure is left out of the ratio, and moves no other', () => {
  const values = new Map([
    ['ours', [{}, { speed: 20 }, { speed: 30 }]],
    ['peer', [{ speed: 1 }, { speed: 10 }, { speed: 10 }]],
  ]);

  const row = summarise({ name: 'speed', unit: 'req/s', better: 'higher' }, values);

  assert.deepEqual([row.ours, row.peers], [25, { peer: { median: 10, ratio: 2.5 } }]);
});

test('contestants alternate, the warm-up does not count, and a ratio above 1 means ours is better', async () => {
  const order: string[] = [];
  let closed = false;
  const contestant = (name: string, speed: number, time: number) => async () => {
    order.push(name);
    return { speed, time };
  };

  const report = await runSubject(
    'fixture',
    async () => ({
      rows: [
        { name: 'speed', unit: 'req/s', better: 'higher', goals: { peer: 1.5 } },
        { name: 'time', unit: 'ms', better: 'lower', limit: 4 },
        { name: 'absent', unit: 'ms', better: 'lower', limit: 3 },
      ],
      ours: contestant('ours', 2000, 5),
      peers: { peer: contestant('peer', 1000, 10) },
      skipped: { other: 'not installed' },
      close: async () => {
        closed = true;
      },
    }),
    { quick: true, rounds: 2 },
  );

  assert.deepEqual(order, ['ours', 'peer', 'peer', 'ours', 'ours', 'peer']);
  assert.deepEqual(report.rows[0]?.peers, { peer: { median: 1000, ratio: 2 } });
  assert.deepEqual(report.rows[1]?.peers, { peer: { median: 10, ratio: 2 } });
  assert.ok(closed);
  const printed = formatReport(report);
  assert.match(printed, /speed +req\/s +2,000 +peer +1,000 +2\.00 × +1\.5 ×/);
  assert.match(printed, /time +ms +5 +limit 4\n *time +ms +5 +peer +10 +2\.00 ×\n/);
  assert.match(printed, /skipped other: not installed/);
});

test('all contestants measure a part before the next, and what follows from the rows comes after them', async () => {
  const order: string[] = [];
  const contestant = (name: string, value: number) => async (part: string) => {
    order.push(`${name} ${part}`);
    return { [part]: value };
  };

  const report = await runSubject(
    'fixture',
    async () => ({
      rows: [
        { name: 'a', unit: 'ms', better: 'lower' },
        { name: 'b', unit: 'ms', better: 'lower' },
      ],
      parts: ['a', 'b'],
      ours: contestant('ours', 1),
      peers: { peer: contestant('peer', 2) },
      summary: (rows) => [{ ...rows[0]!, name: 'both', ours: rows.length }],
      close: async () => {},
    }),
    { quick: true, rounds: 1 },
  );

  assert.deepEqual(order.slice(4), ['peer a', 'ours a', 'peer b', 'ours b']);
  assert.deepEqual(
    report.rows.map(({ name, ours }) => [name, ours]),
    [
      ['a', 1],
      ['b', 1],
      ['both', 2],
    ],
  );
});
