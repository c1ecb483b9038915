import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields } from './fields.ts';
import { HeaderName, maskOf } from './header-name.ts';
import { parserEvent, RequestParser } from './request-parser.ts';

function fieldsOf(...lines: readonly string[]): Fields {
  const limits = { maxHeaderBytes: 65_536, maxHeaders: 1000, maxChunkExtensionBytes: 0, maxTrailerBytes: 2 };
  const parser = new RequestParser(limits);
  parser.push(Buffer.from(['GET / HTTP/1.1', 'Host: a', ...lines, '', ''].join('\r\n'), 'latin1'));
  assert.equal(parser.next(), parserEvent.head);
  return parser.head.fields;
}

test('finds a field by its lower-case name, however it was written', () => {
  const fields = fieldsOf('ACCEPT: a', 'X-Trace-Id: b', 'x-other:c');

  assert.equal(fields.header('accept'), 'a');
  assert.equal(fields.header('x-trace-id'), 'b');
  assert.equal(fields.header('x-other'), 'c');
  assert.equal(fields.header('X-Other'), undefined);
  assert.equal(fields.header('x-missing'), undefined);
  assert.equal(fields.header('range'), undefined);
});

test('finds a field by a prepared name, watched or not', () => {
  const fields = fieldsOf('Accept: a', 'X-Trace-Id: b');

  assert.equal(fields.get(new HeaderName('Accept')), 'a');
  assert.equal(fields.get(new HeaderName('x-trace-id')), 'b');
  assert.equal(fields.get(new HeaderName('range')), undefined);
  assert.equal(fields.has(new HeaderName('accept')), true);
  assert.equal(fields.has(new HeaderName('x-trace-i')), false);
});

test('cuts the blanks around a value and leaves those within', () => {
  const fields = fieldsOf('A: \t b \t c\t ', 'B:', 'C: \t');

  assert.equal(fields.header('a'), 'b \t c');
  assert.equal(fields.header('b'), '');
  assert.equal(fields.header('c'), '');
});

test('gives 8-bit bytes as one character each', () => {
  assert.equal(fieldsOf('A: caf\xc3\xa9').header('a'), 'cafÃ©');
});

test('joins what came several times, cookies by a semicolon', () => {
  const fields = fieldsOf('A: 1', 'Cookie: x=1', 'a: 2', 'COOKIE: y=2', 'A:', 'A: 3');

  assert.equal(fields.header('a'), '1, 2, , 3');
  assert.equal(fields.header('cookie'), 'x=1; y=2');
  assert.equal(fields.get(new HeaderName('cookie')), 'x=1; y=2');
  assert.deepEqual(fields.all('a'), ['1', '2', '', '3']);
  assert.deepEqual(fields.all('b'), []);
  assert.deepEqual({ ...fields.headers() }, { host: 'a', a: '1, 2, , 3', cookie: 'x=1; y=2' });
});

test('tells all fields in order, as they were written', () => {
  const fields = fieldsOf('B: 1', 'a: 2', 'B: 3');

  assert.equal(fields.count, 4);
  assert.deepEqual(fields.entries(), ['Host', 'a', 'B', '1', 'a', '2', 'B', '3']);
});

test('gives an object without a prototype, so that no name means something else', () => {
  const headers = fieldsOf('__proto__: x', 'constructor: y').headers();

  assert.deepEqual(Object.entries(headers), [
    ['host', 'a'],
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  assert.equal(headers.toString, undefined);
});

test('says by one test whether any of several watched names is there', () => {
  const travelling = maskOf([new HeaderName('traceparent'), new HeaderName('baggage')]);

  assert.equal(fieldsOf('Accept: a').hasAny(travelling), false);
  assert.equal(fieldsOf('Baggage: a=b').hasAny(travelling), true);
});

test('is not misled by names with the hash of a watched one', () => {
  // Each step of the hash is `hash * 33 ^ code`: these two end in the same one.
  const twin = collision('accept');
  const fields = fieldsOf(`${twin}: x`);

  assert.notEqual(twin, 'accept');
  assert.equal(fields.header('accept'), undefined);
  assert.equal(fields.has(new HeaderName('accept')), false);
  assert.equal(fields.header(twin), 'x');
});

test('takes no framing from a name with the hash of a framing one', () => {
  const twin = collision('content-length');
  const fields = fieldsOf(`${twin}: nonsense`);

  assert.notEqual(twin, 'content-length');
  assert.equal(fields.header(twin), 'nonsense');
  assert.equal(fields.header('content-length'), undefined);
});

test('finds each of a thousand fields', () => {
  const fields = fieldsOf(...Array.from({ length: 999 }, (_, i) => `X-${i}: ${i}`));

  for (let i = 0; i < 999; i++) assert.equal(fields.header(`x-${i}`), `${i}`);
});

/** Another name with the same hash: two letters are changed so that the next step evens it out. */
function collision(name: string): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789-._!#$%&*+^`|~';
  const { hash } = new HeaderName(name);
  for (const first of letters) {
    for (const second of letters) {
      const twin = first + second + name.slice(2);
      if (twin !== name && new HeaderName(twin).hash === hash) return twin;
    }
  }
  return name;
}
