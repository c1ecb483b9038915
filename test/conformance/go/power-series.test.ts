import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PowerSeries, type Rational, rational } from './power-series.ts';
import { Tasks } from './tasks.ts';

const ones = (series: PowerSeries) => series.repeat(rational(1));
const [zero, one, minusOne] = [rational(0), rational(1), rational(-1)];
/** 1 - x, which ends. */
const oneMinusX = (series: PowerSeries) => series.of(() => [one, minusOne]);

const facts: [string, (s: PowerSeries) => ReturnType<PowerSeries['repeat']>, string][] = [
  ['ones', ones, '1 1 1 1 1 1'],
  ['the sum of ones and twos', (s) => s.add(ones(s), s.repeat(rational(2))), '3 3 3 3 3 3'],
  ['the sum with a series that ends', (s) => s.add(oneMinusX(s), ones(s)), '2 0 1 1 1 1'],
  [
    'the sum of two that end',
    (s) =>
      s.add(
        oneMinusX(s),
        s.of(() => [one, one, one]),
      ),
    '2 0 1 end end',
  ],
  ['the difference of ones and twos', (s) => s.add(ones(s), s.scale(minusOne, s.repeat(rational(2)))), '-1 -1 -1 -1'],
  ['the derivative of 1/(1-x)', (s) => s.derive(ones(s)), '1 2 3 4 5 6 7 8 9 10'],
  ['the integral of 1/(1-x)', (s) => s.integrate(zero, ones(s)), '0 1 1/2 1/3 1/4 1/5 1/6'],
  ['minus two times 1/(1-x)', (s) => s.scale(rational(-2), ones(s)), '-2 -2 -2 -2 -2'],
  ['the square of 1/(1-x)', (s) => s.multiply(ones(s), ones(s)), '1 2 3 4 5 6 7 8 9 10'],
  ['(1-x) times 1/(1-x)', (s) => s.multiply(oneMinusX(s), ones(s)), '1 0 0 0 0 0'],
  ['the reciprocal of 1-x', (s) => s.reciprocal(oneMinusX(s)), '1 1 1 1 1 1'],
  ['the reciprocal of the squares of 1/(1-x)', (s) => s.reciprocal(s.multiply(ones(s), ones(s))), '1 -2 1 0 0 0'],
  [
    'the exponential of 1/(1-x) without its constant',
    (s) => s.exponential(ones(s)),
    '1 1 3/2 13/6 73/24 167/40 4051/720 37633/5040 43817/4480 4596553/362880',
  ],
  [
    'the arc tangent',
    (s) => s.integrate(zero, s.substituteMonomial(ones(s), minusOne, 2)),
    '0 1 0 -1/3 0 1/5 0 -1/7 0 1/9',
  ],
];

for (const [name, make, expected] of facts) {
  // Go: test/chan/powser1.go, test/chan/powser2.go
  test(`a network of tasks computes ${name}`, async () => {
    await using tasks = new Tasks();
    const series = new PowerSeries(tasks);

    const terms = await series.terms(make(series), expected.split(' ').length);

    assert.equal(terms.map(print).join(' '), expected);
  });
}

function print(term: Rational | undefined): string {
  if (term === undefined) return 'end';
  return term.below === 1n ? `${term.above}` : `${term.above}/${term.below}`;
}
