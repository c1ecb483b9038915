import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { keyValues, logsJson, metricsJson, nanos, tracesJson } from '../testdata/otlp-json.ts';
import { parseLogs, parseMetrics, parseTraces } from './json.ts';
import { readLogs } from './read-logs.ts';
import { readMetrics } from './read-metrics.ts';
import { readTraces } from './read-traces.ts';

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const traceId = 'ab'.repeat(16);
const spanId = 'cd'.repeat(8);
const timeMs = 1_700_000_000_123.5;

/** Messages by hand, from the published field numbers; `fields` writes them in protobuf-es. */
type Field = readonly [number, 'text' | 'bytes' | 'varint' | 'fixed64' | 'sfixed64' | 'double', unknown];
function message(...fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, kind, value] of fields) {
    if (kind === 'text') writer.tag(number, 2).string(value as string);
    else if (kind === 'bytes') writer.tag(number, 2).bytes(value as Uint8Array);
    else if (kind === 'varint') writer.tag(number, 0).int64(value as number);
    else if (kind === 'double') writer.tag(number, 1).double(value as number);
    else writer.tag(number, 1)[kind](value as string);
  }
  return writer.finish();
}

function attribute(key: string, ...value: Field): Uint8Array {
  return message([1, 'text', key], [2, 'bytes', message(value)]);
}

function request(...items: readonly Uint8Array[]): Uint8Array {
  const resource = message(
    [1, 'bytes', attribute('service.name', 1, 'text', 'room')],
    [1, 'bytes', attribute('service.version', 1, 'text', '1.0.0')],
    [1, 'bytes', attribute('service.instance.id', 1, 'text', 'room-1')],
  );
  const scope = message(...items.map((item): Field => [2, 'bytes', item]));
  return message([1, 'bytes', message([2, 'bytes', scope], [1, 'bytes', resource])]);
}

describe('OTLP traces', () => {
  const expected = {
    emitter: { service: 'room', version: '1.0.0', instance: 'room-1' },
    traceId: Uint8Array.fromHex(traceId),
    spanId: Uint8Array.fromHex(spanId),
    parentSpanId: Uint8Array.fromHex('ef'.repeat(8)),
    name: 'GetRoom',
    kind: 3,
    startUs: timeMs * 1000,
    durationUs: 2500,
    isError: true,
    lane: '',
    statusMessage: 'failed',
    attributes: '{"a":"x","n":-5,"d":0.5,"b":true}',
    events: '',
  };

  it('are read from protobuf', () => {
    const status = message([2, 'text', 'failed'], [3, 'varint', 2]);
    const span = message(
      [1, 'bytes', Uint8Array.fromHex(traceId)],
      [2, 'bytes', Uint8Array.fromHex(spanId)],
      [4, 'bytes', Uint8Array.fromHex('ef'.repeat(8))],
      [5, 'text', 'GetRoom'],
      [6, 'varint', 3],
      [7, 'fixed64', nanos(timeMs)],
      [8, 'fixed64', nanos(timeMs + 2.5)],
      [9, 'bytes', attribute('a', 1, 'text', 'x')],
      [9, 'bytes', attribute('n', 3, 'varint', -5)],
      [9, 'bytes', attribute('d', 4, 'double', 0.5)],
      [9, 'bytes', attribute('b', 2, 'varint', 1)],
      [15, 'bytes', status],
      [99, 'text', 'a field of the future'],
    );

    assert.deepEqual(readTraces(request(span)).items, [expected]);
  });

  it('are read from JSON, to the same', () => {
    const attributes = { a: 'x', n: -5, d: 0.5, b: true };
    const span = {
      traceId,
      spanId,
      parentSpanId: 'EF'.repeat(8),
      name: 'GetRoom',
      kind: 3,
      startMs: timeMs,
      durationMs: 2.5,
    };
    const body = tracesJson('room', [{ ...span, isError: true, attributes }]) as Record<string, unknown>;

    assert.deepEqual(parseTraces(json({ ...body, aFieldOfTheFuture: 1 })).items, [expected]);
  });

  it('are rejected one by one where their ids are invalid', () => {
    const spans = [
      { traceId: '0'.repeat(32), spanId },
      { traceId, spanId: 'ab' },
      { traceId, spanId },
    ];

    const { items, rejected, rejection } = parseTraces(json(tracesJson('room', spans)));

    assert.deepEqual([items.length, rejected, rejection], [1, 2, 'span "GET /" has no trace id of 16 bytes']);
  });

  it('keep nested values, and an attribute called __proto__ as an attribute', () => {
    const nested = message([1, 'bytes', attribute('k', 1, 'text', 'v')]);
    const list = message([1, 'bytes', message([1, 'text', 'a'])], [1, 'bytes', message([3, 'varint', 1])]);
    const span = message(
      [1, 'bytes', Uint8Array.fromHex(traceId)],
      [2, 'bytes', Uint8Array.fromHex(spanId)],
      [9, 'bytes', attribute('map', 6, 'bytes', nested)],
      [9, 'bytes', attribute('list', 5, 'bytes', list)],
      [9, 'bytes', attribute('raw', 7, 'bytes', new Uint8Array([1, 2]))],
      [9, 'bytes', attribute('__proto__', 1, 'text', 'polluted')],
    );

    const [row] = readTraces(request(span)).items;

    assert.equal(row!.attributes, '{"map":{"k":"v"},"list":["a",1],"raw":"AQI=","__proto__":"polluted"}');
    assert.equal(({} as { polluted?: string }).polluted, undefined);
  });

  it('lose attributes that are too large, not the span', () => {
    const spans = [{ traceId, spanId, attributes: { big: 'x'.repeat(200_000), small: 'y' } }];

    assert.equal(parseTraces(json(tracesJson('room', spans))).items[0]!.attributes, '{"small":"y"}');
  });
});

describe('OTLP logs', () => {
  it('are the same from protobuf and from JSON', () => {
    const record = message(
      [1, 'fixed64', nanos(timeMs)],
      [2, 'varint', 13],
      [5, 'bytes', message([1, 'text', 'slow room'])],
      [6, 'bytes', attribute('room', 1, 'text', 'r-7')],
      [9, 'bytes', Uint8Array.fromHex(traceId)],
      [10, 'bytes', Uint8Array.fromHex('1'.padStart(16, '0'))],
    );
    const say = { message: 'slow room', timeMs, severity: 13, traceId, attributes: { room: 'r-7' } };

    const [fromProtobuf] = readLogs(request(record)).items;
    const [fromJson] = parseLogs(json(logsJson('room', [say]))).items;

    assert.deepEqual(fromProtobuf, fromJson);
    assert.deepEqual([fromJson!.level, fromJson!.message, fromJson!.timeUs], [3, 'slow room', timeMs * 1000]);
  });

  const levels: readonly (readonly [number, string, number])[] = [
    [1, '', 0],
    [8, '', 1],
    [9, '', 2],
    [24, '', 5],
    [0, 'ERROR', 4],
    [0, 'strange', 2],
    [99, '', 2],
  ];
  for (const [severityNumber, severityText, level] of levels) {
    it(`take severity ${severityNumber} "${severityText}" as level ${level}`, () => {
      const records = [{ severityNumber, severityText, body: { stringValue: 'x' } }];

      const { items } = parseLogs(json({ resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] }));

      assert.deepEqual([items[0]!.level, items[0]!.emitter.service], [level, 'unknown_service']);
    });
  }

  it('show a body that is no text as JSON', () => {
    const body = { kvlistValue: { values: keyValues({ a: 1 }) } };

    const { items } = parseLogs(json({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }] }] }] }));

    assert.equal(items[0]!.message, '{"a":1}');
  });
});

describe('OTLP metrics', () => {
  it('are the same from protobuf and from JSON', () => {
    const times: readonly Field[] = [
      [2, 'fixed64', nanos(timeMs - 1000)],
      [3, 'fixed64', nanos(timeMs)],
    ];
    const counts = new Uint8Array(new BigUint64Array([1n, 2n, 0n]).buffer);
    const bounds = new Uint8Array(new Float64Array([0.1, 1]).buffer);
    const label: Field = [7, 'bytes', attribute('code', 1, 'text', 'ok')];
    const number = message(...times, [4, 'double', 1.5], label);
    const whole = message(...times, [6, 'sfixed64', '-3'], label);
    const observed = message(
      ...times,
      [4, 'fixed64', '3'],
      [5, 'double', 1.2],
      [6, 'bytes', counts],
      [7, 'bytes', bounds],
    );
    const bytes = request(
      message([1, 'text', 'g'], [3, 'text', 's'], [5, 'bytes', message([1, 'bytes', number])]),
      message([1, 'text', 'c'], [7, 'bytes', message([1, 'bytes', number], [2, 'varint', 2], [3, 'varint', 1])]),
      message([1, 'text', 'u'], [7, 'bytes', message([1, 'bytes', whole], [2, 'varint', 1])]),
      message([1, 'text', 'h'], [9, 'bytes', message([1, 'bytes', observed], [2, 'varint', 2])]),
    );
    const time = { startTimeUnixNano: nanos(timeMs - 1000), timeUnixNano: nanos(timeMs) };
    const attributes = keyValues({ code: 'ok' });
    const point = { ...time, asDouble: 1.5, attributes };
    const histogram = { ...time, count: '3', sum: 1.2, bucketCounts: ['1', '2', '0'], explicitBounds: [0.1, 1] };
    const said = metricsJson('room', [
      { name: 'g', unit: 's', gauge: { dataPoints: [point] } },
      { name: 'c', sum: { dataPoints: [point], aggregationTemporality: 2, isMonotonic: true } },
      { name: 'u', sum: { dataPoints: [{ ...time, asInt: '-3', attributes }], aggregationTemporality: 1 } },
      { name: 'h', histogram: { dataPoints: [histogram], aggregationTemporality: 2 } },
    ]);

    const fromProtobuf = readMetrics(bytes).items;

    assert.deepEqual(fromProtobuf, parseMetrics(json(said)).items);
    assert.deepEqual(
      fromProtobuf.map(({ name, type, isDelta, value }) => [name, type, isDelta, value]),
      [
        ['g', 'gauge', false, 1.5],
        ['c', 'counter', false, 1.5],
        ['u', 'gauge', true, -3],
        ['h', 'histogram', false, 1.2],
      ],
    );
  });

  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ['an exponential histogram', { name: 'e', exponentialHistogram: {} }, /"e" is an exponential histogram/],
    ['a summary', { name: 's', summary: {} }, /"s" is a summary/],
    ['a point without a number', { name: 'n', gauge: { dataPoints: [{}] } }, /"n" has a point without a finite number/],
    ['NaN', { name: 'n', gauge: { dataPoints: [{ asDouble: 'NaN' }] } }, /without a finite number/],
    ['a metric without a name', { gauge: { dataPoints: [{ asInt: 1 }] } }, /a metric has no name/],
    [
      'counts that do not fit',
      { name: 'h', histogram: { dataPoints: [{ bucketCounts: [1], explicitBounds: [1, 2] }] } },
      /do not fit/,
    ],
    [
      'bounds that fall',
      { name: 'h', histogram: { dataPoints: [{ bucketCounts: [1, 1, 1], explicitBounds: [2, 1] }] } },
      /do not fit/,
    ],
  ];
  for (const [what, metric, why] of refused) {
    it(`reject ${what}, and say why`, () => {
      const { items, rejected, rejection } = parseMetrics(json(metricsJson('room', [metric])));

      assert.deepEqual([items.length, rejected], [0, 1]);
      assert.match(rejection, why);
    });
  }
});

describe('malformed OTLP JSON', () => {
  const bodies: readonly (readonly [string, string, RegExp])[] = [
    ['no JSON', '{', /malformed JSON/],
    ['a list', '[]', /request is not an object/],
    ['null', 'null', /request is not an object/],
    ['spans that are no list', '{"resourceSpans":{}}', /resourceSpans is not a list/],
    ['a scope that is a number', '{"resourceSpans":[{"scopeSpans":[1]}]}', /scopeSpans is not an object/],
    [
      'an id that is not hex',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}',
      /traceId is not hex/,
    ],
    ['a name that is a number', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":1}]}]}]}', /name is not a text/],
    [
      'a time that is a word',
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"x"}]}]}]}',
      /is not a number/,
    ],
  ];
  for (const [what, body, why] of bodies) {
    it(`is refused: ${what}`, () => {
      assert.throws(() => parseTraces(new TextEncoder().encode(body)), { reason: 'MALFORMED_OTLP', message: why });
    });
  }

  it('is refused: bytes that are not UTF-8', () => {
    assert.throws(() => parseLogs(new Uint8Array([0x7b, 0xff, 0x7d])), { reason: 'MALFORMED_OTLP' });
  });

  it('is refused: values nested without end', () => {
    const open = '{"arrayValue":{"values":['.repeat(5000);
    const body = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${open}${']}}'.repeat(5000)}}]}]}]}`;

    assert.throws(() => parseLogs(new TextEncoder().encode(body)), { reason: 'MALFORMED_OTLP' });
  });
});
