import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { as } from '../../../errors/index.ts';
import { form, parseForm } from './form.ts';

describe('parseForm', () => {
  it('reads fields as browsers write them', () => {
    assert.deepEqual(parseForm('a=1&b=two+words&c=%C3%A9&a=9&a=8&d&=x&&e=f=g', 10), {
      a: ['1', '9', '8'],
      b: 'two words',
      c: 'é',
      d: '',
      '': 'x',
      e: 'f=g',
    });
    assert.deepEqual(parseForm('', 10), {});
    assert.deepEqual(parseForm('constructor=1&toString=2', 10), { constructor: '1', toString: '2' });
  });

  const bad: readonly [text: string, reason: string][] = [
    ['a=%', 'MALFORMED_REQUEST'],
    ['a=%FF', 'MALFORMED_REQUEST'],
    ['__proto__=1', 'MALFORMED_FORM'],
    ['%5f_proto__=1', 'MALFORMED_FORM'],
    ['a=1&b=2&c=3&a=4', 'BODY_TOO_LARGE'],
  ];
  for (const [text, reason] of bad) {
    it(`refuses ${text} with ${reason}`, () =>
      assert.throws(
        () => parseForm(text, 3),
        (error) => as(error)?.reason === reason,
      ));
  }

  it('agrees with URLSearchParams on all that is well formed', () => {
    const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__proto__');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string({ unit: 'grapheme' }))), (pairs) => {
        const params = new URLSearchParams(pairs);
        const values = parseForm(params.toString(), 1000);
        for (const key of params.keys()) assert.deepEqual([values[key]].flat(), params.getAll(key));
      }),
    );
  });

  it('has a bound that is a number', () => assert.throws(() => form({ maxFields: 0 }), /maxFields 0/));
});
