import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetricsRegistry } from './metrics.ts';

function valuesOf(metrics: MetricsRegistry, name: string): number[] {
  const family = [...metrics.families].find((each) => each.name === name);
  return [...(family?.children ?? [])].map((child) => child.read());
}

describe('Metrics', () => {
  it('gives the same metric for the same name, and the same child for the same labels', () => {
    const metrics = new MetricsRegistry();

    metrics
      .counter('c', { labels: ['a'] })
      .with({ a: '1' })
      .add();
    metrics
      .counter('c', { labels: ['a'] })
      .with({ a: '1' })
      .add(2);

    assert.deepEqual(valuesOf(metrics, 'c'), [3]);
  });

  it('ignores what is no increase', () => {
    const metrics = new MetricsRegistry();
    const counter = metrics.counter('c').with();

    counter.add(2);
    for (const n of [-1, Number.NaN]) counter.add(n);

    assert.deepEqual(valuesOf(metrics, 'c'), [2]);
  });

  it('gives the overflow child beyond 2,000 children', () => {
    const metrics = new MetricsRegistry();
    const metric = metrics.counter('c', { labels: ['user'] });

    for (let user = 0; user < 2100; user++) metric.with({ user: String(user) }).add();

    const values = valuesOf(metrics, 'c');
    assert.deepEqual([values.length, values.at(-1)], [2001, 100]);
  });

  it('puts a value into the bucket whose bound it does not exceed', () => {
    const metrics = new MetricsRegistry();
    const histogram = metrics.histogram('h', { bounds: [1, 2, 5] }).with();

    for (const value of [-1, 1, 1.5, 2, 5, 5.1, Number.NaN]) histogram.record(value);

    const [child] = [...[...metrics.families][0]!.children];
    assert.deepEqual([[...child!.histogram!.counts], child!.histogram!.count], [[2, 2, 1, 1], 6]);
  });

  it('asks an observed value at each reading', () => {
    const metrics = new MetricsRegistry();
    let value = 1;
    metrics.observe('o', {}, () => value);

    value = 7;

    assert.deepEqual(valuesOf(metrics, 'o'), [7]);
  });

  const mistakes: readonly (readonly [string, (metrics: MetricsRegistry) => unknown, RegExp])[] = [
    ['a name with a space', (metrics) => metrics.counter('a b'), /metric name "a b" must be a letter/],
    ['a label with a dash', (metrics) => metrics.counter('a', { labels: ['x-y'] }), /label "x-y" must be/],
    [
      'bounds that fall',
      (metrics) => metrics.histogram('a', { bounds: [2, 1] }),
      /bounds 2, 1 must be finite and grow/,
    ],
    ['bounds of a counter', (metrics) => metrics.counter('a', { bounds: [1] }), /only a histogram has bounds/],
    ['another kind of the same name', (metrics) => [metrics.counter('a'), metrics.gauge('a')], /a is a counter/],
    [
      'other labels of the same name',
      (metrics) => [metrics.counter('a'), metrics.counter('a', { labels: ['x'] })],
      /labels \[\]/,
    ],
    ['a missing label', (metrics) => metrics.counter('a', { labels: ['x'] }).with(), /needs the label x; it got none/],
    ['an unknown label', (metrics) => metrics.counter('a').with({ y: '1' }), /has the labels none, not y/],
    ['a second observer', (metrics) => [1, 2].map(() => metrics.observe('o', {}, () => 1)), /exists already/],
    [
      'labels of an observed value',
      (metrics) => metrics.observe('o', { labels: ['x'] }, () => 1),
      /cannot have labels/,
    ],
  ];
  for (const [what, make, message] of mistakes) {
    it(`refuses ${what}`, () => assert.throws(() => make(new MetricsRegistry()), { name: 'TypeError', message }));
  }
});
