import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CallFields, fieldsOf } from '../../call/index.ts';
import type { Context } from '../../concurrency/index.ts';
import type { Authenticate } from './auth.ts';
import { fieldsFromOutside } from './field-rules.ts';
import { authenticate, bearer, startWorld, type TestWorldOptions } from './gateway.fixture.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';

/** All eight fields, as a stranger would forge them. */
const forged = {
  traceparent: `00-${traceId}-b7ad6b7169203331-01`,
  tracestate: 'vendor=1',
  baggage: 'flotilla-tenant=evil,flotilla-lane=canary,plan=gold,colour=red',
  'flotilla-lane': 'canary',
  'flotilla-tenant': 'evil',
  'flotilla-principal': 'root',
  'flotilla-priority': 'critical',
  'flotilla-attempt': '7',
  'flotilla-timeout-ms': '3600000',
  'connect-timeout-ms': '3600000',
  'grpc-timeout': '1H',
};

/** What the service saw of a call with these headers. */
async function seenInside(headers: Record<string, string>, options?: TestWorldOptions['options']) {
  await using world = await startWorld({ access: { getRoom: 'optional' }, ...(options && { options }) });

  const answer = await fetch(`${world.url}/v1/rooms/7`, { headers });
  await answer.text();

  assert.equal(answer.status, 200);
  const ctx = world.reached[0] as Context;
  return { fields: fieldsOf(ctx), leftMs: ctx.remainingMs(), answer };
}

test('of eight forged fields a trace gets in and the time is capped; the other six are stripped', async () => {
  const { fields, leftMs } = await seenInside(forged);

  const { trace, baggage, ...rest } = fields;
  assert.equal(trace?.traceId, traceId);
  assert.deepEqual([...baggage], []);
  assert.deepEqual(rest, {
    lane: '',
    tenant: '',
    principal: '',
    priority: 'sheddable',
    attempt: 0,
  } satisfies Partial<CallFields>);
  assert.ok(leftMs <= 5_000, `${leftMs} ms are left: the route's own limit holds`);
});

test('tenant and principal are those of the token, whatever the headers say', async () => {
  const { fields } = await seenInside({ ...forged, ...bearer('ann@acme') });

  assert.equal(fields.tenant, 'acme');
  assert.equal(fields.principal, 'ann');
});

test('lanes and baggage get in where they are open', async () => {
  const { fields } = await seenInside(forged, { fields: { lanes: ['canary'], baggage: ['colour'] } });

  assert.equal(fields.lane, 'canary');
  assert.deepEqual([...fields.baggage], [['colour', 'red']]);
  assert.equal(fields.tenant, '');
});

test('a lane that is not open is stripped, also where others are', async () => {
  const { fields } = await seenInside(forged, { fields: { lanes: ['staging'] } });

  assert.equal(fields.lane, '');
});

test('a trace from outside is not continued where that is closed', async () => {
  const { fields, answer } = await seenInside(forged, { fields: { trace: false } });

  assert.notEqual(fields.trace?.traceId, traceId);
  assert.doesNotMatch(answer.headers.get('traceparent') ?? '', new RegExp(traceId));
});

test('a time limit of the caller holds where it is shorter, and is capped where it is longer', async () => {
  const short = await seenInside({ 'flotilla-timeout-ms': '4000' });
  const long = await seenInside(forged, { fields: { maxTimeoutMs: 3_000 } });

  assert.ok(short.leftMs <= 4_000);
  assert.ok(long.leftMs <= 3_000);
});

test('a limit that is none is refused at once', () => {
  assert.throws(() => fieldsFromOutside({ maxTimeoutMs: 0 }), /maxTimeoutMs is 0; it must be a number above 0/);
});

test('admission sees who calls only where the token was found good before, and what the headers say never', async () => {
  const heads: CallFields[] = [];
  const pages: CallFields[] = [];
  const known = new Set<string>();
  const checked: Authenticate = async (ctx, header) => {
    const identity = await authenticate(ctx, header);
    known.add(header('authorization') ?? '');
    return identity;
  };
  checked.recognize = (header) =>
    known.has(header('authorization') ?? '') ? { tenant: 'acme', principal: 'ann' } : undefined;
  await using world = await startWorld({
    options: { auth: { authenticate: checked } },
    define: (gateway) =>
      gateway.router.get('/page', async (ctx) => {
        pages.push(fieldsOf(ctx));
        return {};
      }),
    server: {
      admit: ({ fields }) => {
        heads.push(fields);
        return { admitted: true, done: () => {} };
      },
    },
  });
  const call = async () =>
    (await fetch(`${world.url}/v1/rooms/7`, { headers: { ...forged, ...bearer('ann@acme') } })).text();

  await call();
  await call();
  await (await fetch(`${world.url}/page`, { headers: bearer('ann@acme') })).text();

  const seen = (fields: CallFields) => [fields.tenant, fields.principal, fields.priority];
  assert.deepEqual(heads.map(seen), [
    ['', '', 'sheddable'],
    ['acme', 'ann', 'default'],
    ['acme', 'ann', 'default'],
  ]);
  assert.deepEqual(pages.map(seen), [['', '', 'sheddable']], 'a route that does not ask is called by nobody');
  assert.deepEqual(
    world.reached.map((ctx) => fieldsOf(ctx).priority),
    ['default', 'default'],
  );
});
