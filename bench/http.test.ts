import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReportRow } from './harness.ts';
import { newUserSchema, userParamsSchema } from './http/content.ts';
import { loads, medianRow, rowNames } from './http/rows.ts';
import { parseWrk } from './http/wrk.ts';

const printed = `Running 2s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.31ms  431.94us  11.71ms   94.41%
    Req/Sec    49.02k     4.38k   53.61k    90.48%
  102396 requests in 2.10s, 18.85MB read
`;
const speeds = 'Requests/sec:  48766.55\nTransfer/sec:      8.98MB\n';

test('what wrk prints is read', () => {
  assert.deepEqual(parseWrk(printed + speeds), { requests: 102_396, requestsPerSecond: 48_766.55 });
});

const failures: readonly (readonly [string, string, RegExp])[] = [
  ['answers that are errors', `${printed}  Non-2xx or 3xx responses: 7\n${speeds}`, /Non-2xx or 3xx responses: 7/],
  [
    'connections that broke',
    `${printed}  Socket errors: connect 0, read 3, write 0, timeout 0\n${speeds}`,
    /Socket errors: connect 0, read 3/,
  ],
  ['no result', 'unable to connect\n', /printed no result/],
];
for (const [what, output, message] of failures)
  test(`${what}: the row fails`, () => {
    assert.throws(() => parseWrk(output), message);
  });

test('the loads are what their names say', () => {
  const headers = (row: 'headers-8' | 'headers-20') => Object.keys(loads[row].headers).length + 1;

  assert.deepEqual([headers('headers-8'), headers('headers-20')], [8, 20]);
  assert.equal(loads['json-param'].answer.body.length, 97);
  assert.ok(newUserSchema.safeParse(JSON.parse(loads['json-body'].body)).success);
  assert.ok(userParamsSchema.safeParse({ id: loads['feature-json'].path.slice('/users/'.length) }).success);
});

test('the median row is over the loads of one request per write without features', () => {
  const row = (name: string, ours: number, ratio: number): ReportRow => ({
    name,
    unit: 'req/s',
    better: 'higher',
    ours,
    peers: {
      fastify: { median: ours / ratio, ratio },
      ...(name !== 'json-body' && { nginx: { median: 1, ratio: 1 } }),
    },
  });

  const { ours, peers } = medianRow(
    rowNames.map((name, index) => row(name, 1000 * (index + 1), name === 'pipe-16' ? 9 : 1 + index / 10)),
  );

  assert.deepEqual([ours, Object.keys(peers), peers.fastify?.ratio], [3000, ['fastify'], 1.2]);
});
