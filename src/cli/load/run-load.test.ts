import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { background } from '../../concurrency/index.ts';
import { formatReport } from './report.ts';
import { type LoadOptions, runLoad } from './run-load.ts';

async function withServer(listener: RequestListener, work: (url: URL) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  try {
    await work(new URL(`http://127.0.0.1:${port}/`));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const options = (url: URL, more: Partial<LoadOptions> = {}): LoadOptions => ({
  ...{ url, scenario: 'get', ratePerSecond: 200, durationMs: 300, arrivals: 'uniform', connections: 8, seed: 1 },
  ...{ users: 4, rooms: 3, guests: 0, allowRemote: false },
  ...more,
});

test('reports what succeeded and failed, over connections that are used again', () => {
  let calls = 0;
  const sockets = new Set<unknown>();
  return withServer(
    (request, response) => {
      sockets.add(request.socket);
      if (++calls % 4 !== 0) return void response.end('{}');
      response.statusCode = 503;
      response.end(JSON.stringify({ code: 'unavailable', reason: 'DRAINING' }));
    },
    async (url) => {
      const report = await runLoad(background(), options(url));

      // What is due while all connections are taken is not sent, which a busy machine may bring about.
      const { sent, notSent } = report;
      const refused = Math.floor(sent / 4);
      assert.ok(sent > 8 && sent + notSent === 60, `${sent} were sent, ${notSent} were not`);
      assert.deepEqual([report.ok, report.failed], [sent - refused, refused]);
      assert.deepEqual(report.failures, [{ status: 503, reason: 'DRAINING', count: refused }]);
      assert.ok(report.latencyMs.p50 > 0 && report.latencyMs.p50 <= report.latencyMs.max);
      assert.ok(sockets.size <= 8, `${sockets.size} connections`);
      const printed = formatReport(report);
      assert.match(printed, new RegExp(`^sent +${sent} +\\d+(\\.\\d)?/s of 200/s wanted$`, 'm'));
      assert.match(printed, new RegExp(`^ +${refused} {2}503 DRAINING$`, 'm'));
    },
  );
});

test('a server that is not there fails every request with its reason', async () => {
  let target = new URL('http://127.0.0.1:1/');
  await withServer(
    () => {},
    async (url) => {
      target = url;
    },
  );

  const report = await runLoad(background(), options(target, { connections: 60 }));

  assert.deepEqual([report.ok, report.failures], [0, [{ status: 0, reason: 'ECONNREFUSED', count: 60 }]]);
  assert.match(formatReport(report), /no answer ECONNREFUSED/);
});

test('a target elsewhere is refused unless it is allowed', async () => {
  const elsewhere = options(new URL('http://192.0.2.1/'));

  await assert.rejects(runLoad(background(), elsewhere), /192\.0\.2\.1 is not this machine; add --allow-remote/);
});

test('https is refused with what to do', async () => {
  await assert.rejects(runLoad(background(), options(new URL('https://localhost/'))), /speaks http, not https/);
});

test('the scenario live signs people up, opens rooms and mixes its requests as documented', () => {
  const counts = new Map<string, number>();
  const bodies: unknown[] = [];
  return withServer(
    async (request, response) => {
      const key = route(request);
      counts.set(key, (counts.get(key) ?? 0) + 1);
      const body = await text(request);
      if (key === 'POST gifts')
        bodies.push({ ...JSON.parse(body), user: request.headers.authorization, path: request.url });
      response.end(JSON.stringify(answers(key, counts.get(key) ?? 0)));
    },
    async (url) => {
      const report = await runLoad(
        background(),
        // As many connections as requests: all are sent, however busy the machine is.
        options(url, { scenario: 'live', ratePerSecond: 2000, durationMs: 500, connections: 1000 }),
      );

      assert.equal(report.failed, 0, JSON.stringify(report.failures));
      assert.deepEqual([counts.get('POST accounts'), counts.get('POST rooms')], [4, 3]);
      for (const [key, share] of [
        ['GET home', 0.6],
        ['POST messages', 0.2],
        ['POST gifts', 0.1],
        ['GET rooms', 0.1],
      ] as const) {
        const part = (counts.get(key) ?? 0) / report.sent;
        assert.ok(Math.abs(part - share) < 0.06, `${key} is ${part} of all`);
      }
      for (const { gift, user, path } of bodies as { gift: string; user: string; path: string }[]) {
        assert.equal(gift, 'rose');
        assert.notEqual(
          user,
          `Bearer token-${hostOf[path.split('/')[3] ?? '']}`,
          'nobody sends a gift to their own room',
        );
      }
    },
  );
});

test('the scenario calls mixes the lightest requests as documented', () =>
  withServer(
    (request, response) => void response.end(JSON.stringify(answers(route(request), 1))),
    async (url) => {
      const calls = { scenario: 'calls', ratePerSecond: 2000, durationMs: 500, connections: 1000 } as const;
      const { byRequest, sent, failed } = await runLoad(background(), options(url, calls));

      assert.equal(failed, 0);
      for (const [name, share] of Object.entries({ room: 0.6, post: 0.25, ranking: 0.1, gift: 0.05 })) {
        const part = (byRequest[name]?.count ?? 0) / sent;
        assert.ok(Math.abs(part - share) < 0.06, `${name} is ${part} of all`);
      }
    },
  ));

test('guests come without a token, and the report keeps them apart', () =>
  withServer(
    (request, response) => {
      const key = route(request);
      const isGuest = request.headers.authorization === undefined && request.method === 'GET';
      response.statusCode = isGuest ? 503 : 200;
      response.end(JSON.stringify(isGuest ? { reason: 'OVERLOADED' } : answers(key, 1)));
    },
    async (url) => {
      const live = { scenario: 'live', ratePerSecond: 1000, durationMs: 500, connections: 500, guests: 0.9 } as const;
      const report = await runLoad(background(), options(url, live));

      const { 'guest home': homes, 'guest list': lists, ...signedIn } = report.byRequest;
      const refused = (homes?.failed ?? 0) + (lists?.failed ?? 0);
      assert.deepEqual([homes?.count, lists?.count, refused], [0, 0, report.failed]);
      assert.ok(Math.abs(refused / report.sent - 0.9) < 0.06, `${refused} of ${report.sent} were guests`);
      assert.ok(Object.values(signedIn).every(({ failed }) => failed === 0));
      assert.match(formatReport(report), /^guest home +0 +0\.0 %/m);
    },
  ));

test('the scenario live says what is missing where it is another server', () =>
  withServer(
    (_request, response) => {
      response.statusCode = 404;
      response.end('{"reason":"ROUTE_NOT_FOUND"}');
    },
    async (url) => {
      await assert.rejects(
        runLoad(background(), options(url, { scenario: 'live' })),
        /POST \/v1\/accounts gave 404 ROUTE_NOT_FOUND; for a service other than examples\/live use --scenario get/,
      );
    },
  ));

test('the scenario live says so where the fleet is too busy to take its people', () =>
  withServer(
    (_request, response) => {
      response.statusCode = 504;
      response.end('{"reason":"DEADLINE_EXCEEDED"}');
    },
    async (url) => {
      await assert.rejects(
        runLoad(background(), options(url, { scenario: 'live' })),
        /gave 504 DEADLINE_EXCEEDED; the fleet is busy already: wait, or take fewer people with --users 4/,
      );
    },
  ));

function route({ method, url = '' }: IncomingMessage): string {
  const last = new URL(url, 'http://a').pathname.split('/').at(-1);
  return `${method} ${last}`;
}

/** Of users 1 to 4 and rooms 1 to 3: who hosts which. */
const hostOf: Readonly<Record<string, number>> = { 'room-1': 1, 'room-2': 2, 'room-3': 3 };

function answers(key: string, count: number): unknown {
  if (key === 'POST accounts') return { account: { id: `user-${count}` }, token: `token-${count}` };
  if (key === 'POST rooms') return { id: `room-${count}` };
  return key === 'GET gifts' ? { giftKinds: [{ name: 'rose', coins: '1' }] } : {};
}
