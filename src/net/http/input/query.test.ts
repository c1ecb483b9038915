import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { is } from '../../../errors/index.ts';
import { HttpErrors } from '../http-errors.ts';
import { parseQuery } from './query.ts';

describe('parseQuery', () => {
  const table: readonly [text: string, query: Record<string, string | string[]>][] = [
    ['', {}],
    ['a=1&b=', { a: '1', b: '' }],
    ['a', { a: '' }],
    ['=x', { '': 'x' }],
    ['a=1&a=2&a=3', { a: ['1', '2', '3'] }],
    ['a=b=c&&', { a: 'b=c' }],
    ['q=caf%C3%A9+noir', { q: 'café noir' }],
    ['a%20b=%26', { 'a b': '&' }],
  ];
  for (const [text, query] of table) {
    it(`reads "${text}"`, () => assert.deepEqual({ ...parseQuery(text) }, query));
  }

  it('gives a name like __proto__ no power', () => {
    const query = parseQuery('__proto__=x&constructor=y');

    assert.equal(Object.getPrototypeOf(query), null);
    assert.equal(query.constructor, 'y');
    assert.equal(({} as Record<string, unknown>).x, undefined);
  });

  for (const text of ['a=%', 'a=%zz', 'a=%C3', 'a=%FF%FE', '%=1']) {
    it(`refuses "${text}"`, () => {
      assert.throws(
        () => parseQuery(text),
        (error) => is(error, HttpErrors.MALFORMED_REQUEST),
      );
    });
  }

  it('agrees with URLSearchParams on all that is well formed', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))), (pairs) => {
        const params = new URLSearchParams(pairs);
        const query = parseQuery(params.toString());
        for (const name of params.keys()) assert.deepEqual([query[name]].flat(), params.getAll(name));
      }),
    );
  });
});
