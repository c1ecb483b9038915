import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { background, sleep } from 'flotilla/concurrency';
import { type FleetProcess, startFleet } from 'flotilla/testing';
import { type Answer, LiveClient, type User } from './live-client.ts';

const file = fileURLToPath(new URL('../../examples/live/fleet.ts', import.meta.url));

interface SpanView {
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
}

for (const [title, args] of [
  ['a process per service', []],
  ['all services in one process', ['--colocate']],
] as const) {
  describe(`the reference fleet, ${title}`, () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-live-'));
    let fleet: FleetProcess;
    let client: LiveClient;

    before(async () => {
      fleet = await startFleet(background().withTimeout(60_000), file, { dataDir, args });
      client = new LiveClient(fleet.app);
    });
    after(async () => {
      const code = await fleet.stop(background().withTimeout(30_000));
      rmSync(dataDir, { recursive: true, force: true });
      assert.equal(code, 0);
    });

    test('a person signs up, opens a room, posts, sends a gift and reads home', async () => {
      const host = await client.signUp();
      const viewer = await client.signUp();
      const room = await client.createRoom(host, 'Songs by the fire');

      await client.ok('POST', `/v1/rooms/${room}/messages`, { user: viewer, body: { text: 'hello there' } });
      const before = await client.coins(viewer);
      const gift = { gift: 'rose', count: 2, requestKey: crypto.randomUUID() };
      const sent = await client.ok('POST', `/v1/rooms/${room}/gifts`, { user: viewer, body: gift });
      const home = await client.ok('GET', `/v1/rooms/${room}/home`, { user: viewer });

      const price = Number(sent.body.gift.coins);
      assert.ok(price > 0);
      assert.equal(await client.coins(viewer), before - price);
      assert.equal(await client.coins(host), 1000 + price);
      assert.deepEqual(home.body.missing, []);
      assert.equal(home.body.room.title, 'Songs by the fire');
      assert.equal(home.body.host.name, host.name);
      assert.equal(home.body.messages[0].text, 'hello there');
      assert.deepEqual(
        home.body.ranking.map((entry: { name: string; coins: string }) => [entry.name, Number(entry.coins)]),
        [[viewer.name, price]],
      );
    });

    test('a gift is one trace across gateway, gift, room and account, with correct parentage', async () => {
      const host = await client.signUp();
      const viewer = await client.signUp();
      const room = await client.createRoom(host);

      const sent = await client.ok('POST', `/v1/rooms/${room}/gifts`, {
        user: viewer,
        body: { gift: 'rose', count: 1, requestKey: 'once' },
      });

      const spans = await trace(fleet, sent);
      const byId = new Map(spans.map((span) => [span.spanId, span]));
      const roots = spans.filter((span) => span.parentSpanId === null || !byId.has(span.parentSpanId));
      assert.equal(roots.length, 1, 'one root');
      assert.equal(roots[0]?.service, 'gateway');
      for (const span of spans) {
        const parent = span.parentSpanId === null ? undefined : byId.get(span.parentSpanId);
        if (span.kind === 'server' && parent !== undefined)
          assert.equal(parent.kind, 'client', `${span.name} was called by a client`);
        if (span.kind === 'client')
          assert.equal(parent?.service, span.service, `${span.name} was made inside its own service`);
      }
      const callers = (service: string) =>
        spans
          .filter((span) => span.kind === 'server' && span.service === service)
          .map((span) => byId.get(span.parentSpanId ?? '')?.service);
      assert.deepEqual(callers('gift'), ['gateway']);
      assert.ok(callers('account').includes('gift'));
      assert.ok(callers('room').includes('gift'));
    });

    test('what a person does wrong is said in the one error shape, with the reason of the service that refused', async () => {
      const host = await client.signUp();
      const viewer = await client.signUp();
      const room = await client.createRoom(host);
      await client.ok('POST', `/v1/rooms/${room}:close`, { user: host, body: {} });

      const refusals = [
        await client.call('POST', `/v1/rooms/${room}/messages`, { user: viewer, body: { text: 'late' } }),
        await client.call('POST', `/v1/rooms/${room}:open`, { user: viewer, body: {} }),
        await client.call('GET', '/v1/rooms/no-such-room', { user: viewer }),
        await client.call('POST', '/v1/rooms', { body: { title: 'x' } }),
        await client.call('POST', '/v1/accounts', { body: { name: host.name, password: 'correct horse battery' } }),
      ];

      assert.deepEqual(
        refusals.map(({ status, body }) => [status, body.code, body.reason]),
        [
          [400, 'failed_precondition', 'ROOM_CLOSED'],
          [403, 'permission_denied', 'NOT_THE_HOST'],
          [404, 'not_found', 'ROOM_NOT_FOUND'],
          [401, 'unauthenticated', 'MISSING_TOKEN'],
          [409, 'already_exists', 'NAME_TAKEN'],
        ],
      );
    });

    test('1,000 concurrent gifts with repeated request keys from one wallet conserve every coin', async () => {
      const host = await client.signUp();
      const viewer = await client.signUp();
      const room = await client.createRoom(host);
      const keys = Array.from({ length: 250 }, (_, i) => `gift-${i}`);

      const answers = await Promise.all(
        [...keys, ...keys, ...keys, ...keys].map((requestKey) => sendUntilAnswered(client, viewer, room, requestKey)),
      );

      const paid = new Map<string, number>();
      for (const [i, { status, body }] of answers.entries()) {
        assert.equal(status, 200, JSON.stringify(body));
        paid.set(keys[i % keys.length]!, Number(body.gift.coins));
      }
      const total = [...paid.values()].reduce((sum, coins) => sum + coins, 0);
      const [left, earned] = [await client.coins(viewer), await client.coins(host)];
      assert.equal(left + earned, 2000, 'no coin is lost or made');
      assert.ok(left >= 0, 'no wallet is negative');
      assert.equal(earned - 1000, total, 'every gift was paid exactly once');
      assert.equal(paid.size, keys.length);
      const { body } = await client.ok('GET', `/v1/rooms/${room}/ranking`, { user: viewer });
      assert.equal(Number(body.entries[0].coins), total);
    });

    test('the console lists every service with its replicas', async () => {
      const wanted = ['account', 'gateway', 'gift', 'rank', 'room'];

      const services = await eventually(async () => {
        const { services } = (await (await fetch(`${fleet.console}/api/services`)).json()) as {
          services: { name: string; instances: { healthy: boolean }[] }[];
        };
        const healthy = services.filter(({ instances }) => instances.some(({ healthy }) => healthy));
        return wanted.every((name) => healthy.some((service) => service.name === name)) ? services : undefined;
      });

      assert.ok(services.length >= wanted.length);
    });
  });
}

/** Sends a gift again under the same key while the fleet is too busy to answer in time, as a client would. */
async function sendUntilAnswered(client: LiveClient, user: User, room: string, requestKey: string): Promise<Answer> {
  using ctx = background().withTimeout(60_000);
  for (;;) {
    const body = { gift: 'rose', count: 1, requestKey };
    // A connection that was idle may end as the request leaves; the key makes it safe to ask again.
    const answer = await client.call('POST', `/v1/rooms/${room}/gifts`, { user, body }).catch(() => undefined);
    if (answer !== undefined && ![429, 503, 504].includes(answer.status)) return answer;
    await sleep(ctx, 100);
  }
}

/** The trace of an answer, once all that its services reported has arrived. */
async function trace(fleet: FleetProcess, answer: Answer): Promise<SpanView[]> {
  const traceId = answer.headers.get('traceparent')?.split('-')[1];
  assert.match(traceId ?? '', /^[0-9a-f]{32}$/);
  return eventually(async () => {
    const found = await fetch(`${fleet.console}/api/traces/${traceId}`);
    if (found.status !== 200) return undefined;
    const { spans } = (await found.json()) as { spans: SpanView[] };
    const services = new Set(spans.filter((span) => span.kind === 'server').map((span) => span.service));
    const ids = new Set(spans.map((span) => span.spanId));
    // A span is sent when it ends, its parent after it, perhaps with the next batch.
    if (spans.some((span) => span.parentSpanId !== null && !ids.has(span.parentSpanId))) return undefined;
    return ['gateway', 'gift', 'room', 'account', 'rank'].every((service) => services.has(service)) ? spans : undefined;
  });
}

/** Asks again until there is an answer, for a minute. */
async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  using ctx = background().withTimeout(60_000);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(ctx, 50);
  }
}
