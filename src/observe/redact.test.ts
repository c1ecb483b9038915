import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanField, cleanText, isSecretName, redacted } from './redact.ts';

describe('isSecretName', () => {
  const secret = [
    'password',
    'Password',
    'DB_PASSWORD',
    'userPassword',
    'authorization',
    'Authorization',
    'set-cookie',
  ];
  secret.push('accessToken', 'access_token', 'x-api-key', 'apiKey', 'client.secret', 'privateKey', 'sessionId', 'jwt');
  for (const name of secret) it(`knows ${name}`, () => assert.equal(isSecretName(name), true));

  const plain = ['method', 'tokens', 'inputTokens', 'key', 'requestKey', 'author', 'secretary', 'durationMs', 'passed'];
  for (const name of plain) it(`leaves ${name}`, () => assert.equal(isSecretName(name), false));
});

describe('cleanField', () => {
  it('hides secrets at any depth', () => {
    const value = { user: { name: 'ann', credentials: { a: 1 }, list: [{ Authorization: 'x' }] } };

    const clean = cleanField('request', value);

    assert.deepEqual(clean, { user: { name: 'ann', credentials: redacted, list: [{ Authorization: redacted }] } });
  });

  it('cuts cycles and keeps what is repeated beside itself', () => {
    const shared = { a: 1 };
    const value: Record<string, unknown> = { one: shared, two: shared };
    value.self = value;

    const clean = cleanField('value', value);

    assert.deepEqual(clean, { one: { a: 1 }, two: { a: 1 }, self: '[cycle]' });
  });

  it('bounds depth, entries and text', () => {
    let deep: unknown = 'end';
    for (let i = 0; i < 50; i++) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, i]));

    assert.match(JSON.stringify(cleanField('deep', deep)), /\[more\]/);
    assert.equal(Object.keys(cleanField('wide', wide) as object).length, 101);
    assert.equal((cleanField('list', new Array(500).fill(0)) as unknown[]).length, 101);
    assert.ok((cleanField('text', 'x'.repeat(1e6)) as string).length < 10_000);
  });

  it('ends soon for a value that is wide at every level', () => {
    const wide = (depth: number): unknown => (depth === 0 ? 0 : new Array(100).fill(wide(depth - 1)));

    const text = JSON.stringify(cleanField('wide', wide(6)));

    assert.ok(text.length < 1e6, `${text.length} characters`);
  });

  class Angry {
    get field(): string {
      throw new Error('no');
    }
    toJSON(): unknown {
      throw new Error('not today');
    }
  }
  const shown: readonly (readonly [string, unknown, unknown])[] = [
    ['undefined', undefined, null],
    ['NaN', Number.NaN, 'NaN'],
    ['a bigint', 10n, '10'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a function', function named() {}, '[function named]'],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a broken date', new Date(Number.NaN), 'Invalid Date'],
    ['a map', new Map([['a', 1]]), { a: 1 }],
    ['a set', new Set([1]), [1]],
    ['bytes', new Uint8Array(3), '[Uint8Array of 3 bytes]'],
    ['an error', new TypeError('wrong'), { name: 'TypeError', message: 'wrong' }],
    ['what throws when it is read', new Angry(), '[unreadable: not today]'],
    ['what says its own JSON', { toJSON: () => ({ password: 'x' }) }, { password: redacted }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ];
  for (const [what, value, expected] of shown) {
    it(`shows ${what}`, () => assert.deepEqual(cleanField('value', value), expected));
  }
});

describe('cleanText', () => {
  const texts: readonly (readonly [string, string])[] = [
    ['got Authorization: Bearer abcdefgh.ijkl from', `got Authorization: Bearer ${redacted} from`],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end', `token ${redacted} end`],
    ['connect mysql://root:hunter2@db:3306/x', `connect mysql://${redacted}@db:3306/x`],
    ['basic understanding of http://example.test/path', 'basic understanding of http://example.test/path'],
    ['a plain line', 'a plain line'],
  ];
  for (const [text, expected] of texts)
    it(`turns "${text}" into "${expected}"`, () => assert.equal(cleanText(text), expected));
});
