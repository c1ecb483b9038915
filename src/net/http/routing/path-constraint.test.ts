import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { int, oneOf, type PathConstraint, pattern, slug, uuid } from './path-constraint.ts';

describe('the constraints of paths', () => {
  const table: readonly [constraint: PathConstraint, accepted: readonly string[], refused: readonly string[]][] = [
    [
      int(),
      ['0', '7', '42', '9007199254740991'],
      ['', '007', '-1', '+1', '1.0', '1e3', ' 1', '9007199254740992', '9'.repeat(9000), '٣'],
    ],
    [int({ min: -5, max: 5 }), ['-5', '0', '5'], ['-6', '6', '-0', '--1']],
    [
      uuid(),
      ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6'],
      [
        '',
        'f81d4fae7dec11d0a76500a0c91e6bf6',
        'g81d4fae-7dec-11d0-a765-00a0c91e6bf6',
        '{f81d4fae-7dec-11d0-a765-00a0c91e6bf',
      ],
    ],
    [slug(), ['a', 'tea-at-5'], ['', '-a', 'a-', 'a--b', 'A', 'a'.repeat(101)]],
    [oneOf('open', 'closed'), ['open', 'closed'], ['', 'Open', 'open,closed', '__proto__']],
    [pattern(/^[a-z]{2}-\d+$/), ['ab-1'], ['ab-', 'xab-1', 'ab-1\n', `ab-${'1'.repeat(200)}`]],
    [pattern(/^(?:eu|us)-[a-z]+$/i, { maxLength: 6 }), ['eu-abc', 'US-x'], ['eu-abcd', 'de-a']],
  ];
  for (const [constraint, accepted, refused] of table) {
    it(`"${constraint.name}" accepts and refuses as it says`, () => {
      for (const value of accepted) assert.equal(constraint.accepts(value), true, value);
      for (const value of refused) assert.equal(constraint.accepts(value), false, value);
    });
  }

  it('have names that tell them apart', () => {
    assert.equal(oneOf('a', 'b').name, oneOf('b', 'a', 'a').name);
    assert.notEqual(oneOf('a,b').name, oneOf('a', 'b').name);
    assert.notEqual(int().name, int({ max: 9 }).name);
    assert.notEqual(pattern(/^a$/).name, pattern(/^a$/i).name);
  });

  const safe = [
    /^\d+$/,
    /^(?:a|b)$/,
    /^(?:ab){2,3}$/,
    /^[(|+)*]+$/,
    /^\(a+\)+$/,
    /^a(?<year>\d{4})-x?\$$/,
    /^(\d{3},)*$/,
    /^[[a](b|c)[|+)*]$/,
  ];
  for (const expression of safe) it(`takes the pattern ${expression}`, () => void pattern(expression));

  const unsafe: readonly [expression: RegExp, why: RegExp][] = [
    [/\d+$/, /must begin with \^ and end with \$/],
    [/^\d+/, /must begin with/],
    [/^a\$/, /must begin with/],
    [/^a|b$/, /an alternative that \^ and \$ do not bind/],
    [/^a$/g, /a flag/],
    [/^a$/y, /a flag/],
    [/^a$/m, /a flag/],
    [/^[[a]&&[b]]$/v, /a flag/],
    [/^[[a](b+)+]$/, /repeats a group/],
    [/^(a+)+$/, /repeats a group that has a choice within/],
    [/^(?:a|a)*$/, /repeats a group/],
    [/^((a?)b)+$/, /repeats a group/],
    [/^(?:a*){2,}$/, /repeats a group/],
    [/^(?:a{1,9}b){5}$/, /repeats a group/],
    [/^(?<x>a+)\k<x>$/, /a back reference/],
    [/^(a)\1+$/, /a back reference/],
  ];
  for (const [expression, why] of unsafe) {
    it(`refuses the pattern ${expression}`, () => assert.throws(() => pattern(expression), why));
  }

  it('refuse options that mean nothing', () => {
    assert.throws(() => oneOf(), /at least one/);
    assert.throws(() => int({ min: 2, max: 1 }), /2 to 1 is not a range/);
    assert.throws(() => int({ min: 0.5 }), RangeError);
    assert.throws(() => pattern(/^a$/, { maxLength: 0 }), /maxLength 0/);
  });
});
