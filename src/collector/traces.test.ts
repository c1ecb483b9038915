import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withFields } from '../call/index.ts';
import { background } from '../concurrency/index.ts';
import { StatusError } from '../errors/index.ts';
import type { Telemetry } from '../observe/index.ts';
import type { MapAnswer, RatePoint, ServicesAnswer, Trace, TraceSummary } from './index.ts';
import { spanIdOf, traceIdOf, tracesJson } from './testdata/otlp-json.ts';
import { startRig } from './testdata/rig.ts';

/** gateway → room, as the chains of two services emit it. */
function emitCall(gateway: Telemetry, room: Telemetry, error?: StatusError): string {
  const root = gateway.tracer.start(background(), 'GET /v1/rooms/:id', { kind: 'server' });
  const inGateway = withFields(background(), { trace: root.context });
  const asked = gateway.tracer.start(inGateway, 'live.room.v1.RoomService/GetRoom', { kind: 'client' });
  const inRoom = withFields(background(), { trace: asked.context });
  const answered = room.tracer.start(inRoom, 'live.room.v1.RoomService/GetRoom', { kind: 'server' });
  room.log.info(withFields(inRoom, { trace: answered.context }), 'room read', { room: 'r-7' });
  if (error !== undefined) answered.fail(error);
  for (const span of [answered, asked, root]) span.end();
  return root.context.traceId;
}

describe('a trace over two services', () => {
  it('is found whole, with the parentage that the spans have', async () => {
    await using rig = await startRig();
    const [gateway, room] = [rig.telemetry('gateway'), rig.telemetry('room')];
    const traceId = emitCall(gateway, room);
    await Promise.all([gateway.close(background()), room.close(background())]);

    const trace = await rig.get<Trace>(`/api/traces/${traceId}`);

    const names = new Map(trace.spans.map((span) => [span.spanId, `${span.service} ${span.kind}`]));
    const parents = trace.spans.map((span) => [names.get(span.spanId), names.get(span.parentSpanId ?? '') ?? null]);
    assert.deepEqual(parents.sort(), [
      ['gateway client', 'gateway server'],
      ['gateway server', null],
      ['room server', 'gateway client'],
    ]);
    assert.ok(trace.spans.every((span) => span.startMs >= trace.startMs && span.durationMs <= trace.durationMs));
  });

  it('is listed by service, error, duration and words', async () => {
    await using rig = await startRig();
    const at = 1_700_000_000_000;
    const root = (n: number, name: string) => ({
      traceId: traceIdOf(n),
      spanId: spanIdOf(n),
      name,
      startMs: at + n,
      durationMs: n,
    });
    await rig.post(
      'traces',
      tracesJson('gateway', [root(1, 'GET /a'), root(2, 'POST /b'), { ...root(300, 'GET /a'), isError: true }]),
    );
    const child = {
      traceId: traceIdOf(2),
      spanId: spanIdOf(20),
      parentSpanId: spanIdOf(2),
      startMs: at + 2,
      durationMs: 1,
    };
    await rig.post('traces', tracesJson('gift', [{ ...child, name: 'live.gift.v1.GiftService/Send' }]));

    const found = async (query: string) => {
      const { traces } = await rig.get<{ traces: TraceSummary[] }>(`/api/traces?${query}`);
      return traces.map(({ traceId }) => Number.parseInt(traceId, 16));
    };

    assert.deepEqual(await found(''), [300, 2, 1]);
    assert.deepEqual(await found('service=gift'), [2]);
    assert.deepEqual(await found('service=gif'), []);
    assert.deepEqual(await found('error=true'), [300]);
    assert.deepEqual(await found('error=false'), [2, 1]);
    assert.deepEqual(await found('minDurationMs=2'), [300, 2]);
    assert.deepEqual(await found('q=giftservice'), [2]);
    assert.deepEqual(await found('q=get+/a'), [300, 1]);
    assert.deepEqual(await found(`q=${traceIdOf(1)}`), [1]);
    assert.deepEqual(await found(`since=${at + 2}&until=${at + 2}`), [2]);
    assert.deepEqual(await found('limit=1'), [300]);
  });

  it('is drawn on the map, and counted in services and rates', async () => {
    await using rig = await startRig();
    const [gateway, room] = [rig.telemetry('gateway'), rig.telemetry('room')];
    for (let i = 0; i < 3; i++) emitCall(gateway, room);
    emitCall(gateway, room, new StatusError('internal', 'boom'));
    await Promise.all([gateway.close(background()), room.close(background())]);

    const map = await rig.get<MapAnswer>('/api/map');
    const { services } = await rig.get<ServicesAnswer>('/api/services');
    const { points } = await rig.get<{ points: RatePoint[] }>(
      `/api/rates?service=room&since=${Date.now() - 60_000}&stepMs=60000`,
    );

    assert.deepEqual(
      map.edges.map(({ from, to, errorRate }) => [from, to, errorRate]),
      [['gateway', 'room', 0.25]],
    );
    assert.deepEqual(map.nodes.map(({ service, errorRate }) => [service, errorRate]).sort(), [
      ['gateway', 0],
      ['room', 0.25],
    ]);
    assert.deepEqual(
      services.map(({ name, version, errorRate }) => [name, version, errorRate]),
      [
        ['gateway', '1.0.0', 0],
        ['room', '1.0.0', 0.25],
      ],
    );
    assert.ok(services.every(({ requestsPerSecond, p99Ms }) => requestsPerSecond > 0 && Number(p99Ms) > 0));
    assert.ok(Math.abs(points.reduce((sum, point) => sum + point.requestsPerSecond * 60, 0) - 4) < 0.01);
  });

  it('is counted by lane where calls have one, so that a broken lane is told from the baseline', async () => {
    await using rig = await startRig();
    const span = (n: number, lane: string, isError: boolean) => ({
      ...{ traceId: traceIdOf(n), spanId: spanIdOf(n), isError, durationMs: lane === '' ? 10 : 100 },
      attributes: lane === '' ? {} : { 'flotilla.lane': lane },
    });
    const calls = [1, 2, 3, 4].map((n) => span(n, '', false));
    await rig.post('traces', tracesJson('room', [...calls, span(5, 'blue', true), span(6, 'blue', false)]));
    await rig.post('traces', tracesJson('gift', [span(7, '', false)]));

    const { services } = await rig.get<ServicesAnswer>('/api/services');

    const [gift, room] = services;
    assert.deepEqual(gift?.lanes, []);
    assert.deepEqual(
      room?.lanes.map(({ lane, errorRate, p99Ms }) => [lane, errorRate, Number(p99Ms) > 50]),
      [
        ['', 0, false],
        ['blue', 0.5, true],
      ],
    );
    assert.ok(Math.abs(room!.errorRate - 1 / 6) < 1e-9);
    assert.ok(room!.lanes[0]!.requestsPerSecond > room!.lanes[1]!.requestsPerSecond);
  });
});
