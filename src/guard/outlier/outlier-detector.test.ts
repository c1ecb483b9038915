import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Code, StatusError } from '../../errors/index.ts';
import { GuardErrors } from '../guard-errors.ts';
import type { OutlierDetector, OutlierEvent, OutlierNode, OutlierOptions } from './outlier.ts';
import { outlierDetector } from './outlier-detector.ts';

const options: OutlierOptions = {
  intervalMs: 1_000,
  intervals: 10,
  minCalls: 20,
  consecutiveFailures: 5,
  failureShare: 0.4,
  deviations: 1.9,
  minDeviationNodes: 5,
  minDeviationShare: 0.1,
  slowFactor: 5,
  minSlowMs: 5,
  maxEjectedShare: 0.1,
  ejectionMs: 30_000,
  maxEjectionMs: 300_000,
  slowStartMs: 10_000,
  slowStartShare: 0.1,
  slowStartAggression: 1,
};

class Fixture {
  readonly detector: OutlierDetector;
  readonly nodes: OutlierNode[];
  readonly events: OutlierEvent[] = [];
  now = 0;

  constructor(count: number, change: Partial<OutlierOptions> = {}) {
    const onEvent = (event: OutlierEvent) => this.events.push(event);
    this.detector = outlierDetector({ ...options, ...change, random: () => 0, onEvent });
    this.nodes = Array.from({ length: count }, (_, index) => this.detector.add(`n${index}`, 0, false));
  }

  call(index: number, code?: Code, durationMs = 10): void {
    this.nodes[index]!.record(outcomeOf(code, durationMs), this.now);
  }

  /** `calls` for each node in one interval, of which the node fails `failures(index)`, spread evenly. */
  interval(calls: number, failures: (index: number) => number, durationMs: (index: number) => number = () => 10): void {
    for (let call = 0; call < calls; call++) {
      for (let index = 0; index < this.nodes.length; index++) {
        const share = failures(index) / calls;
        const fails = Math.floor((call + 1) * share) > Math.floor(call * share);
        this.call(index, fails ? 'internal' : undefined, durationMs(index));
      }
    }
    this.now += options.intervalMs;
    // The first call of an interval that ends brings the comparison.
    this.call(0);
  }

  get out(): number[] {
    return this.nodes.flatMap((node, index) => (node.share(this.now) === 0 ? [index] : []));
  }

  /** The node is tried by a call that ends so. */
  probe(index: number, code?: Code, durationMs = 10): void {
    const node = this.nodes[index]!;
    assert.ok(node.isDue(this.now), 'is due');
    node.claim(this.now);
    assert.ok(!node.isDue(this.now), 'is claimed');
    node.settle(outcomeOf(code, durationMs), this.now);
  }
}

function outcomeOf(code: Code | undefined, durationMs: number) {
  return { error: code === undefined ? undefined : new StatusError(code, 'test'), durationMs };
}

describe('outlier ejection', () => {
  it('ejects a node after five failures in a row, at once', () => {
    const group = new Fixture(3);

    for (let n = 0; n < 4; n++) group.call(1, 'unavailable');
    assert.deepEqual(group.out, []);
    group.call(1, 'deadline_exceeded');

    assert.deepEqual(group.out, [1]);
    assert.equal(group.events.length, 1);
    assert.equal(group.events[0]?.reason, 'consecutive_failures');
  });

  const harmless: (Code | undefined)[] = ['not_found', 'invalid_argument', 'resource_exhausted', 'canceled', undefined];
  for (const code of harmless) {
    it('lets a node stay that refused a few in a row because it was busy', () => {
      const group = new Fixture(10);
      const busy = { error: GuardErrors.OVERLOADED('busy'), durationMs: 1 };

      for (let call = 0; call < 10; call++) group.nodes[3]!.record(busy, group.now);

      assert.deepEqual(group.out, []);
    });

    it(`counts ${code ?? 'success'} as no failure`, () => {
      const group = new Fixture(3);

      for (let n = 0; n < 100; n++) group.call(1, code);
      group.interval(50, () => 0);

      assert.deepEqual(group.out, []);
    });
  }

  it('begins a run anew with each success', () => {
    const group = new Fixture(3, { minCalls: 1_000 });

    for (let n = 0; n < 100; n++) group.call(1, n % 5 === 4 ? 'not_found' : 'internal');

    assert.deepEqual(group.out, []);
  });

  for (const count of [3, 5, 10]) {
    it(`ejects one of ${count} nodes that fails half of its calls at the end of the first interval`, () => {
      const group = new Fixture(count);

      group.interval(40, (index) => (index === 2 ? 20 : 0));

      assert.deepEqual(group.out, [2]);
      assert.equal(group.events[0]?.reason, 'failure_share');
    });
  }

  it('ejects by deviation what fails a fifth of its calls beside nine that do not', () => {
    const group = new Fixture(10);

    group.interval(50, (index) => (index === 2 ? 10 : 0));

    assert.deepEqual(group.out, [2]);
    assert.equal(group.events[0]?.reason, 'success_rate');
  });

  it('ejects nobody for a single failure beside nodes without any', () => {
    const group = new Fixture(10);

    for (let n = 0; n < 20; n++) group.interval(30, (index) => (index === 2 ? 1 : 0));

    assert.deepEqual(group.out, []);
  });

  it('judges nobody by fewer calls than it wants, and looks back until it has them', () => {
    const group = new Fixture(3);

    for (let n = 0; n < 4; n++) {
      group.interval(4, (index) => (index === 2 ? 2 : 0));
      assert.deepEqual(group.out, [], `after ${(n + 1) * 4} calls`);
    }
    group.interval(4, (index) => (index === 2 ? 2 : 0));

    assert.deepEqual(group.out, [2]);
  });

  it('judges nobody by calls from before a long silence', () => {
    const group = new Fixture(3);
    for (let n = 0; n < 20; n++)
      for (const index of [0, 1, 2]) group.call(index, index === 1 && n % 2 ? 'internal' : undefined);

    group.now += 3_600_000;
    group.call(0);

    assert.deepEqual(group.out, []);
  });

  it('ejects a node that is slow by the median of the others, though it never fails', () => {
    const group = new Fixture(10);

    group.interval(
      30,
      () => 0,
      (index) => (index === 4 ? 100 : 10),
    );

    assert.deepEqual(group.out, [4]);
    const [event] = group.events;
    assert.ok(event?.kind === 'ejected' && event.reason === 'latency');
    assert.equal(Math.round(event.latencyMs ?? 0), 100);
    assert.equal(Math.round(event.groupLatencyMs ?? 0), 10);
  });

  it('forgives a straggler in twenty, three times the median, and what nobody feels', () => {
    const cases: ((index: number, call: number) => number)[] = [
      (index, call) => (index === 4 && call === 7 ? 1_000 : 10),
      (index) => (index === 4 ? 30 : 10),
      (index) => (index === 4 ? 4 : 0.1),
    ];
    for (const durationMs of cases) {
      const group = new Fixture(10);
      for (let call = 0; call < 20; call++)
        for (let index = 0; index < 10; index++) group.call(index, undefined, durationMs(index, call));
      group.now += 1_000;
      group.call(0);

      assert.deepEqual(group.out, []);
    }
  });

  it('ejects the worst only where the share allows no more: one of ten, two of twenty, never the last', () => {
    const cases = [
      { count: 10, bad: 3, expected: [2] },
      { count: 20, bad: 3, expected: [1, 2] },
      { count: 2, bad: 1, expected: [0] },
      { count: 1, bad: 1, expected: [] },
    ];
    for (const { count, bad, expected } of cases) {
      const group = new Fixture(count);
      group.interval(100, (index) => (index < bad ? 50 + 10 * index : 0));

      assert.deepEqual(group.out, expected, `${bad} bad of ${count}`);
    }
  });

  it('ejects nobody while the others fail as often', () => {
    const group = new Fixture(10);

    for (let n = 0; n < 20; n++) group.interval(50, () => 25);

    assert.deepEqual(group.events, []);
  });

  it('takes a longer run of failures for chance where the others fail too', () => {
    const group = new Fixture(10, { failureShare: 1, deviations: 100 });
    for (let n = 0; n < 3; n++) group.interval(50, () => 25);
    group.call(3);

    for (let n = 0; n < 19; n++) group.call(3, 'unavailable');
    assert.deepEqual(group.out, []);
    for (let n = 0; n < 3; n++) group.call(3, 'unavailable');

    assert.deepEqual(group.out, [3]);
  });

  it('lets all in when more than half are bad, and ejects nobody for a while', () => {
    const group = new Fixture(4);
    group.interval(40, (index) => (index === 0 ? 40 : 0));
    assert.deepEqual(group.out, [0]);

    group.interval(40, (index) => (index < 3 ? 40 : 0));

    assert.deepEqual(group.out, []);
    assert.ok(group.detector.snapshot().isPanic);
    assert.deepEqual(group.events.at(-1), { kind: 'returned', node: 'n0', reason: 'panic', ejected: 0, nodes: 4 });
    for (let n = 0; n < 12; n++) group.interval(40, (index) => (index === 3 ? 40 : 0));
    assert.deepEqual(group.out, [3]);
    assert.ok(!group.detector.snapshot().isPanic);
  });
});

describe('an ejected node', () => {
  const ejected = (): Fixture => {
    const group = new Fixture(10);
    for (let n = 0; n < 5; n++) group.call(1, 'internal');
    return group;
  };

  it('is tried by one call when its time is over, and comes back slowly when that succeeds', () => {
    const group = ejected();
    group.now += 29_999;
    assert.ok(!group.nodes[1]!.isDue(group.now));
    group.now += 1;

    group.probe(1);

    const shares = [0, 1_000, 5_000, 9_999, 10_000].map((ms) => group.nodes[1]!.share(group.now + ms));
    assert.deepEqual(shares, [0.1, 0.1, 0.5, 0.9999, 1]);
    assert.deepEqual(group.events.at(-1), { kind: 'returned', node: 'n1', reason: 'probe', ejected: 0, nodes: 10 });
  });

  for (const [slowStartAggression, expected] of [
    [2, [0.1, 0.6, 0.8, 1]],
    [0.5, [0.1, 0.1296, 0.4096, 1]],
  ] as const) {
    it(`comes back by its aggression, ${slowStartAggression}`, () => {
      const { detector, nodes } = new Fixture(10, { slowStartAggression });
      const newcomer = detector.add('new', 1_000, true);

      const shares = [0, 3_600, 6_400, 10_000].map((ms) => Math.round(newcomer.share(1_000 + ms) * 1e4) / 1e4);

      assert.deepEqual(shares, expected);
      assert.equal(nodes[0]!.share(1_000), 1);
    });
  }

  it('is out for longer each time that the try fails, up to five minutes', () => {
    const group = ejected();
    const pauses: number[] = [];

    for (let n = 0; n < 12; n++) {
      const from = group.now;
      while (!group.nodes[1]!.isDue(group.now)) group.now += 1_000;
      pauses.push((group.now - from) / 1_000);
      group.probe(1, 'internal');
    }

    assert.deepEqual(pauses, [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]);
    assert.equal(group.detector.ejected, 1);
  });

  it('is forgiven an ejection for each half minute that it was well', () => {
    const group = ejected();
    group.now += 30_000;
    group.probe(1, 'internal');
    group.now += 60_000;
    group.probe(1);
    assert.equal(group.detector.snapshot().nodes[1]?.ejections, 2);

    group.now += 60_000;
    for (let n = 0; n < 5; n++) group.call(1, 'internal');

    assert.equal(group.detector.snapshot().nodes[1]?.ejections, 1);
  });

  it('is forgiven after some minutes also when it was away for hours', () => {
    const group = ejected();
    for (let tries = 0; tries < 100; tries++) {
      group.now += 300_000;
      group.probe(1, 'unavailable');
    }
    group.now += 300_000;
    group.probe(1);

    group.now += 300_000;
    for (let n = 0; n < 5; n++) group.call(1, 'internal');

    assert.equal(group.detector.snapshot().nodes[1]?.ejections, 1);
  });

  it('is tried again an interval later when the call says nothing, and when it never ends', () => {
    const group = ejected();
    group.now += 30_000;

    group.probe(1, 'canceled');
    assert.ok(!group.nodes[1]!.isDue(group.now));
    group.now += options.intervalMs;
    assert.ok(group.nodes[1]!.isDue(group.now));
    group.nodes[1]!.claim(group.now);
    group.now += 30_000;

    assert.ok(group.nodes[1]!.isDue(group.now));
  });

  it('comes back for a business error, and stays out for slowness only if it is still slow', () => {
    const group = ejected();
    group.now += 30_000;
    group.probe(1, 'not_found');
    assert.equal(group.detector.ejected, 0);

    const slow = new Fixture(10);
    slow.interval(
      30,
      () => 0,
      (index) => (index === 4 ? 100 : 10),
    );
    slow.now += 30_000;
    slow.probe(4, undefined, 60);
    assert.equal(slow.detector.ejected, 1);
    slow.now += 60_000;
    // The caller left, after longer than the others take: that says enough.
    slow.probe(4, 'canceled', 60);
    slow.now += 60_000;
    assert.ok(!slow.nodes[4]!.isDue(slow.now));
    slow.now += 30_000;
    slow.probe(4, undefined, 40);
    assert.equal(slow.detector.ejected, 0);
  });

  it('is not judged by calls that began before', () => {
    const group = ejected();

    for (let n = 0; n < 100; n++) group.call(1, n % 2 === 0 ? 'internal' : undefined);
    group.now += 30_000;
    group.probe(1);
    group.interval(30, () => 0);

    assert.deepEqual(group.out, []);
  });

  it('no longer counts when it is removed', () => {
    const group = ejected();

    group.detector.remove(group.nodes[1]!);
    group.detector.remove(group.nodes[1]!);

    assert.equal(group.detector.ejected, 0);
    for (let n = 0; n < 5; n++) group.call(2, 'internal');
    assert.equal(group.detector.ejected, 1);
  });
});

describe('options of outlier ejection', () => {
  it('are checked, at construction and at a change', () => {
    const cases: [Partial<OutlierOptions>, RegExp][] = [
      [{ intervalMs: 0 }, /intervalMs is 0; give a number from 10 to 3600000/],
      [{ intervals: 2.5 }, /intervals is 2.5; give a whole number/],
      [{ maxEjectedShare: 0.6 }, /maxEjectedShare is 0.6/],
      [{ failureShare: Number.NaN }, /failureShare is NaN/],
      [{ ejectionMs: 400_000 }, /maxEjectionMs is 300000; it must not be below ejectionMs, 400000/],
    ];
    for (const [change, message] of cases) {
      assert.throws(() => outlierDetector({ ...options, ...change }), { name: 'RangeError', message });
      assert.throws(() => outlierDetector(options).configure(change), { name: 'RangeError', message });
    }
  });

  it('change at once', () => {
    const group = new Fixture(3);

    group.detector.configure({ consecutiveFailures: 2, intervals: 4 });
    for (let n = 0; n < 2; n++) group.call(1, 'internal');

    assert.deepEqual(group.out, [1]);
  });

  it('eject nobody with a share of 0', () => {
    const group = new Fixture(3, { maxEjectedShare: 0 });

    for (let n = 0; n < 50; n++) group.call(1, 'internal');

    assert.deepEqual(group.out, []);
  });
});
