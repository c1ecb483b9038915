import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLine, LogsAnswer } from '../api/answers.ts';
import type { Params } from '../routing/place.ts';
import { aroundCount, fetchAround } from './fetch-around.ts';

/** A collector with one line every `everyMs`, ids from 1. */
function collector(count: number, everyMs: number): (params: Params) => Promise<LogsAnswer> {
  const lines: LogLine[] = Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    timeMs: (i + 1) * everyMs,
    level: 'info',
    service: 'room',
    instance: 'room-1',
    message: `line ${i + 1}`,
    traceId: null,
    spanId: null,
    attributes: {},
  }));
  return async ({ before, since, until, limit }) => ({
    logs: lines
      .filter((line) => before === undefined || Number(line.id) < Number(before))
      .filter((line) => since === undefined || (line.timeMs >= Number(since) && line.timeMs <= Number(until)))
      .reverse()
      .slice(0, Number(limit)),
  });
}

for (const everyMs of [1, 50, 2000]) {
  test(`the nearest lines on both sides are found with a line every ${everyMs} ms`, async () => {
    const lines = await fetchAround(collector(1000, everyMs), { id: '500', timeMs: 500 * everyMs });

    assert.equal(lines.length, 2 * aroundCount + 1);
    assert.equal(lines[0]?.id, 500 + aroundCount);
    assert.equal(lines.at(-1)?.id, 500 - aroundCount);
  });
}

test('the newest line has lines before it only', async () => {
  const lines = await fetchAround(collector(100, 10), { id: '100', timeMs: 1000 });

  assert.deepEqual([lines[0]?.id, lines.length], [100, aroundCount + 1]);
});

test('a line that is gone leaves what is left around its time', async () => {
  assert.deepEqual(await fetchAround(collector(0, 1), { id: '7', timeMs: 70 }), []);
});
