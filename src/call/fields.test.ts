import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { background, rootContext } from '../concurrency/index.ts';
import {
  type CallFields,
  defaultFields,
  fieldsOf,
  formatBaggage,
  formatTraceparent,
  parseBaggage,
  parseTraceparent,
  priorities,
  readFields,
  readTimeoutMs,
  setFields,
  withFields,
  writeFields,
  writeTimeoutMs,
} from './index.ts';

function wire(fields: CallFields): Map<string, string> {
  const headers = new Map<string, string>();
  writeFields(fields, (name, value) => headers.set(name, value));
  return headers;
}

const hex = (length: number) =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
    .filter((text) => !/^0+$/.test(text));
const text = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((value) => value.isWellFormed() && !/[\p{Cc}]/u.test(value));
const plain = { noNullPrototype: true } as const;
const anyFields: fc.Arbitrary<CallFields> = fc.record(
  {
    trace: fc.option(
      fc.record(
        { traceId: hex(32), spanId: hex(16), sampled: fc.boolean(), state: fc.constantFrom('', 'a=b,c=d') },
        plain,
      ),
      { nil: undefined },
    ),
    baggage: fc
      .array(fc.tuple(fc.stringMatching(/^[a-z][a-z0-9.]{0,10}$/), text), { maxLength: 5 })
      .map((members) => new Map(members)),
    lane: text,
    tenant: text,
    principal: text,
    priority: fc.constantFrom(...priorities),
    attempt: fc.integer({ min: 0, max: 100 }),
  },
  plain,
);

test('what is written is what is read, for any fields', () => {
  fc.assert(
    fc.property(anyFields, (fields) => {
      const headers = wire(fields);
      assert.deepEqual(
        readFields((name) => headers.get(name)),
        fields,
      );
      for (const value of headers.values()) assert.match(value, /^[\x20-\x7e]*$/);
    }),
  );
});

test('default fields write nothing, and no headers read as the defaults', () => {
  assert.equal(wire(defaultFields).size, 0);
  assert.deepEqual(
    readFields(() => undefined),
    defaultFields,
  );
});

test('any headers are read without throwing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), fc.string(), (headers, other) => {
      readFields((name) => headers[name] ?? other);
      readTimeoutMs(() => other);
    }),
  );
});

test('what was read from any headers is written as printable ASCII without throwing', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const headers = wire(readFields((name) => (name === 'traceparent' ? traceparent : text)));
      for (const value of headers.values()) assert.match(value, /^[\t\x20-\x7e]*$/);
    }),
    { examples: [['a=b\r\nset-cookie: c=d']] },
  );
});

test('texts that are not well formed are sent with replacement characters', () => {
  const half = 'a\ud800';

  const headers = wire({
    ...defaultFields,
    principal: half,
    tenant: half,
    lane: half,
    baggage: new Map([['k', half]]),
  });
  const read = readFields((name) => headers.get(name));

  assert.deepEqual(
    [read.principal, read.tenant, read.lane, read.baggage.get('k')],
    ['a\ufffd', 'a\ufffd', 'a\ufffd', 'a\ufffd'],
  );
});

test('lane and tenant arrive through a hop that knows only W3C headers', () => {
  const headers = wire({ ...defaultFields, lane: 'blue', tenant: 'acme 100%', baggage: new Map([['k', 'v']]) });

  const read = readFields((name) => (name === 'baggage' ? headers.get(name) : undefined));

  assert.deepEqual([read.lane, read.tenant, [...read.baggage]], ['blue', 'acme 100%', [['k', 'v']]]);
});

test('bad headers take the defaults', () => {
  const bad: Record<string, string> = {
    traceparent: '00-zz-1-01',
    baggage: ';;;=,,',
    'flotilla-tenant': '%E0%A4%A',
    'flotilla-principal': 'a%00b',
    'flotilla-lane': 'x'.repeat(5000),
    'flotilla-priority': 'urgent',
    'flotilla-attempt': '-1',
  };

  assert.deepEqual(
    readFields((name) => bad[name]),
    defaultFields,
  );
});

test('traceparent follows the W3C rules on version, length and zero ids', () => {
  const id = '0af7651916cd43dd8448eb211c80319c';
  const span = 'b7ad6b7169203331';

  assert.deepEqual(parseTraceparent(`00-${id}-${span}-01`, 'a=b'), {
    traceId: id,
    spanId: span,
    sampled: true,
    state: 'a=b',
  });
  assert.equal(parseTraceparent(`00-${id}-${span}-00`)?.sampled, false);
  assert.equal(parseTraceparent(`cc-${id}-${span}-01-what-the-future-brings`)?.traceId, id);
  for (const invalid of [
    undefined,
    '',
    `ff-${id}-${span}-01`,
    `00-${id}-${span}-01-extra`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${id}-${'0'.repeat(16)}-01`,
    `00-${id.toUpperCase()}-${span}-01`,
    `00-${id}-${span}`,
  ]) {
    assert.equal(parseTraceparent(invalid), undefined, String(invalid));
  }
  assert.equal(formatTraceparent({ traceId: id, spanId: span, sampled: true, state: '' }), `00-${id}-${span}-01`);
});

test('baggage keeps its limits and drops invalid members', () => {
  assert.deepEqual(
    [...parseBaggage('a=1;p=x, b = two ,=,bad key=1,c=%zz,d=a%20b')],
    [
      ['a', '1'],
      ['b', 'two'],
      ['d', 'a b'],
    ],
  );
  assert.equal(parseBaggage('x'.repeat(9000)).size, 0);
  const many = new Map(Array.from({ length: 300 }, (_, i) => [`k${i}`, 'v']));
  assert.equal(parseBaggage(formatBaggage(many)).size, 180);
  const large = new Map(Array.from({ length: 100 }, (_, i) => [`k${i}`, 'v'.repeat(200)]));
  assert.ok(formatBaggage(large).length <= 8192);
});

test('fields travel in the context, and a change leaves the parent as it was', () => {
  const parent = withFields(background(), { tenant: 'acme' });

  const child = withFields(parent, { priority: 'critical' });

  assert.deepEqual([fieldsOf(child).tenant, fieldsOf(child).priority], ['acme', 'critical']);
  assert.equal(fieldsOf(parent).priority, 'default');
  assert.equal(fieldsOf(background()), defaultFields);
});

test('setFields replaces all fields', () => {
  const parent = withFields(background(), { tenant: 'acme', lane: 'blue' });
  const fields = { ...defaultFields, tenant: 'other' };

  assert.equal(fieldsOf(setFields(parent, fields)), fields);
});

test('the timeout is the time left, at least 1 ms, and absent without a deadline', () => {
  const timer = { stop: () => true };
  const clock = { now: () => 1000, after: () => timer, at: () => timer };
  const written = (ms: number) => {
    let value: string | undefined;
    writeTimeoutMs(rootContext(clock).withTimeout(ms), (_, text) => {
      value = text;
    });
    return value;
  };

  assert.deepEqual([written(250.7), written(0.2), written(Number.POSITIVE_INFINITY)], ['250', '1', undefined]);
  assert.equal(
    readTimeoutMs(() => written(1e22)),
    9_999_999_999,
  );
  assert.deepEqual(
    ['50', '0', '-1', '1e3', '99999999999', undefined].map((value) => readTimeoutMs(() => value)),
    [50, 0, undefined, undefined, undefined, undefined],
  );
});

test('a plain traceparent is read as the general expression reads it', () => {
  const id = '0af7651916cd43dd8448eb211c80319c';
  const span = 'b7ad6b7169203331';
  const traceOf = (text: string) => readFields((name) => (name === 'traceparent' ? text : undefined)).trace;
  const good = [`00-${id}-${span}-01`, `00-${id}-${span}-00`, `00-${id}-${span}-03`, `00-${id}-${span}-0b`];
  const bad = [
    `00-${id}-${span}-0g`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${id}-${'0'.repeat(16)}-01`,
    `00-${id.toUpperCase()}-${span}-01`,
    `00-${id}_${span}-01`,
    `ff-${id}-${span}-01`,
    `00-${id}-${span}-011`,
  ];

  assert.deepEqual(
    good.map((text) => traceOf(text)?.sampled),
    [true, false, true, true],
  );
  for (const text of good) assert.deepEqual([traceOf(text)?.traceId, traceOf(text)?.spanId], [id, span]);
  for (const text of bad) assert.equal(traceOf(text), undefined, text);
});
