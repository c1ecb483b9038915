import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type CallFields, fieldsOf, type TraceContext } from 'flotilla/call';
import { background, type Context, sleep } from 'flotilla/concurrency';
import { staticResolver } from 'flotilla/discovery';
import { createHttpServer, createRouter } from 'flotilla/net/http';
import { tcpListener } from 'flotilla/net/tcp';
import {
  type LogFields,
  type Logger,
  noTelemetry,
  type Span,
  type Telemetry,
  telemetryOf,
  withTelemetry,
} from 'flotilla/observe';
import { createRpcClient, createRpcServer, implement, type ServiceHandlers } from 'flotilla/rpc';
import type { Server } from 'flotilla/service';
import { cleanup } from 'flotilla/testing';
import { AccountService } from '../../examples/live/gen/live/account/v1/account_pb.ts';
import { RankService } from '../../examples/live/gen/live/rank/v1/rank_pb.ts';

/**
 * Three hops at servers inside the fleet, on real sockets: a plain HTTP server calls `rank` over RPC, which calls `account`
 * over RPC. No gateway: here headers are believed.
 */
interface Hop {
  readonly service: string;
  readonly fields: CallFields;
  readonly leftMs: number;
}

interface SpanSeen {
  readonly service: string;
  readonly kind: string;
  readonly trace: TraceContext;
  readonly parent: TraceContext | undefined;
}

interface LineSeen {
  readonly service: string;
  readonly principal: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Records spans as real telemetry would, a new id per span, the trace of the parent, and the lines of the log. */
function recording(service: string, seen: SpanSeen[], lines: LineSeen[]): Telemetry {
  const random = (bytes: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex');
  const write = (ctx: Context, message: string, fields: LogFields = {}) =>
    void lines.push({ service, principal: fieldsOf(ctx).principal, message, fields });
  const log: Logger = {
    level: 'info',
    log: (ctx, _level, message, fields) => write(ctx, message, fields),
    debug: (ctx, message, fields) => write(ctx, message, fields),
    info: (ctx, message, fields) => write(ctx, message, fields),
    warn: (ctx, message, fields) => write(ctx, message, fields),
    error: (ctx, message, fields) => write(ctx, message, fields),
  };
  return {
    ...noTelemetry,
    log,
    tracer: {
      start(ctx, _name, { kind = 'internal' } = {}): Span {
        const parent = fieldsOf(ctx).trace;
        const trace = {
          traceId: parent?.traceId ?? random(16),
          spanId: random(8),
          sampled: true,
          state: parent?.state ?? '',
        };
        seen.push({ service, kind, trace, parent });
        const ignore = () => {};
        return { context: trace, recording: true, setAttribute: ignore, addEvent: ignore, fail: ignore, end: ignore };
      },
    },
  };
}

const unused = async () => ({});

interface Chain {
  readonly url: string;
  readonly hops: Hop[];
  readonly spans: SpanSeen[];
  readonly lines: LineSeen[];
}

/** Starts the three; `work` is what the last of them does. */
async function startChain(t: TestContext, work: (ctx: Context) => Promise<void> = async () => {}): Promise<Chain> {
  const hops: Hop[] = [];
  const spans: SpanSeen[] = [];
  const lines: LineSeen[] = [];
  const arrive = (service: string, ctx: Context) =>
    hops.push({ service, fields: fieldsOf(ctx), leftMs: ctx.remainingMs() });
  const serve = async (service: string, server: Server): Promise<string> => {
    const [endpoint] = await server.start(withTelemetry(background(), recording(service, spans, lines)));
    cleanup(t, () => server.stop(background().withTimeout(2_000)));
    return endpoint?.url ?? '';
  };

  const account: Partial<ServiceHandlers<typeof AccountService>> = {
    async getAccount(ctx) {
      arrive('account', ctx);
      await work(ctx);
      return {};
    },
  };
  const others = {
    signUp: unused,
    signIn: unused,
    getMe: unused,
    getWallet: unused,
    batchGetAccounts: unused,
    transfer: unused,
  };
  const accountUrl = await serve(
    'account',
    createRpcServer({
      name: 'account',
      listener: tcpListener({ port: 0 }),
      services: [implement(AccountService, { getAccount: unused, ...others, ...account })],
    }),
  );

  const accounts = createRpcClient(AccountService, {
    target: 'account',
    resolver: staticResolver({ account: [accountUrl] }),
  });
  const rankUrl = await serve(
    'rank',
    createRpcServer({
      name: 'rank',
      listener: tcpListener({ port: 0 }),
      services: [
        implement(RankService, {
          record: unused,
          async getRanking(ctx) {
            arrive('rank', ctx);
            await accounts.getAccount(ctx, { id: 'ann' });
            return {};
          },
        }),
      ],
    }),
  );

  const ranks = createRpcClient(RankService, { target: 'rank', resolver: staticResolver({ rank: [rankUrl] }) });
  const router = createRouter();
  router.get('/ranking', async (ctx) => {
    arrive('front', ctx);
    await ranks.getRanking(ctx, { roomId: '7' });
    return {};
  });
  const url = await serve('front', createHttpServer({ name: 'front', router, listener: tcpListener({ port: 0 }) }));
  cleanup(t, () => {
    accounts[Symbol.dispose]();
    ranks[Symbol.dispose]();
  });
  return { url, hops, spans, lines };
}

const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

const headers = {
  traceparent: `00-${caller.traceId}-${caller.spanId}-01`,
  tracestate: 'vendor=1',
  baggage: 'colour=red',
  'flotilla-lane': 'canary',
  'flotilla-tenant': encodeURIComponent('Bäckerei 7'),
  'flotilla-principal': 'ann',
  'flotilla-priority': 'critical',
  'flotilla-attempt': '2',
  'flotilla-timeout-ms': '4000',
};

test('the eight fields arrive three hops away: six as they were, less time, the same trace with the right parents', async (t) => {
  const { url, hops } = await startChain(t);

  const answer = await fetch(`${url}/ranking`, { headers });

  assert.equal(answer.status, 200);
  assert.deepEqual(
    hops.map((hop) => hop.service),
    ['front', 'rank', 'account'],
  );
  for (const { fields } of hops) {
    const { trace, baggage, ...five } = fields;
    assert.deepEqual(five, {
      lane: 'canary',
      tenant: 'Bäckerei 7',
      principal: 'ann',
      priority: 'critical',
      attempt: 2,
    });
    assert.deepEqual([...baggage], [['colour', 'red']]);
    assert.equal(trace?.traceId, caller.traceId);
    assert.equal(trace?.state, 'vendor=1');
  }
  const left = hops.map((hop) => hop.leftMs);
  assert.ok(
    left[0]! <= 4_000 && left[1]! < left[0]! && left[2]! < left[1]!,
    `the time only shrinks: ${left.join(', ')}`,
  );
  assert.ok(left[2]! > 0);
});

test('each span has the one before it as its parent, from the caller to the last hop', async (t) => {
  const { url, spans } = await startChain(t);

  await fetch(`${url}/ranking`, { headers });

  assert.deepEqual(
    spans.map(({ service, kind }) => `${service} ${kind}`),
    ['front server', 'front client', 'rank server', 'rank client', 'account server'],
  );
  const parents = spans.map(({ parent }) => parent?.spanId);
  assert.deepEqual(parents, [caller.spanId, ...spans.slice(0, -1).map(({ trace }) => trace.spanId)]);
  assert.ok(spans.every(({ trace }) => trace.traceId === caller.traceId));
});

test('50 ms that are left for 200 ms of work: 504 deadline_exceeded within 100 ms, and the last log says that its work has stopped', async (t) => {
  let workMs = 0;
  const begun = new Set<string>();
  const { url, lines } = await startChain(t, async (ctx) => {
    const { log } = telemetryOf(ctx);
    begun.add(fieldsOf(ctx).principal);
    try {
      await sleep(ctx, workMs);
      log.info(ctx, 'the work is done');
    } catch (error) {
      log.info(ctx, 'the work has stopped', { code: ctx.err()?.code });
      throw error;
    }
  });
  // Once without work, so that connections are there before the time counts.
  await fetch(`${url}/ranking`);
  workMs = 200;

  const tookMs: number[] = [];
  for (let attempt = 0; attempt < 100 && tookMs.length < 5; attempt++) {
    const principal = `attempt-${attempt}`;
    const started = performance.now();
    const answer = await fetch(`${url}/ranking`, {
      headers: { 'flotilla-timeout-ms': '50', 'flotilla-principal': principal },
    });
    const took = performance.now() - started;
    assert.equal(answer.status, 504);
    assert.equal(((await answer.json()) as { code: string }).code, 'deadline_exceeded');
    // A machine that is busy with other tests may need all 50 ms for the three hops: then there was no work to stop.
    if (!begun.has(principal)) continue;
    tookMs.push(took);
    const ofAccount = () => lines.filter((line) => line.service === 'account' && line.principal === principal);
    // The line of the call itself may come a moment before that of the work, or after it.
    await eventually(() => ofAccount().length === 2);
    const messages = ofAccount().map(({ message }) => message);
    assert.ok(messages.includes('the work has stopped'), messages.join());
    for (const line of ofAccount()) assert.match(String(line?.fields.code), /^(deadline_exceeded|canceled)$/);
  }

  t.diagnostic(`answered after ${tookMs.map(Math.round).join(', ')} ms`);
  assert.equal(tookMs.length, 5, 'the work was reached five times');
  // The best of five: what other tests do to the machine is not the subject.
  assert.ok(Math.min(...tookMs) < 100, `${Math.min(...tookMs)} ms`);
});

async function eventually(holds: () => boolean): Promise<void> {
  const ctx = background().withTimeout(20_000);
  while (!holds()) await sleep(ctx, 1);
}
