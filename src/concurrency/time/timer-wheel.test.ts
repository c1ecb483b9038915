import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimerWheel, WheelEntry } from './timer-wheel.ts';

class Entry extends WheelEntry {
  readonly #fired: (entry: Entry) => void;

  constructor(tick: number, fired: (entry: Entry) => void) {
    super(tick);
    this.#fired = fired;
  }

  fire(): void {
    this.#fired(this);
  }
}

test('entries fire at their tick, those of one tick in the order of insertion', () => {
  const wheel = new TimerWheel();
  const fired: string[] = [];
  const add = (tick: number, name: string) => wheel.insert(new Entry(tick, () => fired.push(name)));
  add(40, 'b');
  add(3, 'a');
  add(40, 'c');
  add(5_000, 'd');

  wheel.advance(2);
  assert.deepEqual(fired, []);
  wheel.advance(3);
  assert.deepEqual(fired, ['a']);
  add(40, 'late c');
  wheel.advance(4_999);
  assert.deepEqual(fired, ['a', 'b', 'c', 'late c']);
  wheel.advance(5_000);
  assert.deepEqual(fired, ['a', 'b', 'c', 'late c', 'd']);
  assert.equal(wheel.next(), undefined);
});

test('an entry that is taken out does not fire, not even by one that fires in the same tick', () => {
  const wheel = new TimerWheel();
  const fired: string[] = [];
  const second = new Entry(7, () => fired.push('second'));
  wheel.insert(
    new Entry(7, () => {
      fired.push('first');
      assert.equal(wheel.remove(second), true);
    }),
  );
  wheel.insert(second);

  wheel.advance(100);

  assert.deepEqual(fired, ['first']);
  assert.equal(wheel.remove(second), false);
  assert.equal(wheel.size, 0);
});

test('an entry whose tick has passed fires with the next advance', () => {
  const wheel = new TimerWheel();
  const fired: number[] = [];
  wheel.advance(1_000_000);

  wheel.insert(new Entry(5, ({ tick }) => fired.push(tick)));
  assert.deepEqual(fired, []);
  assert.ok(wheel.next()! <= 1_000_000);
  wheel.advance(1_000_000);

  assert.deepEqual(fired, [5]);
});

test('entries years ahead fire at their tick, whether time passes in steps or at once', () => {
  for (const step of [2 ** 28, 2 ** 33]) {
    const wheel = new TimerWheel();
    const fired: number[] = [];
    const due = [1, 2 ** 29 + 3, 2 ** 30 - 1, 2 ** 30, 2 ** 31 + 5, 2 ** 33 + 7];
    for (const tick of due) {
      const entry = new Entry(tick, () => fired.push(tick));
      wheel.insert(entry);
    }
    wheel.insert(new Entry(Number.POSITIVE_INFINITY, () => fired.push(-1)));

    for (let now = 0; now < 2 ** 33 + 7; now += step) {
      wheel.advance(now);
      assert.deepEqual(
        fired,
        due.filter((tick) => tick <= now),
      );
    }
    wheel.advance(2 ** 33 + 7);

    assert.deepEqual(fired, due);
    assert.equal(wheel.size, 1);
  }
});

type Step =
  | { readonly do: 'insert'; readonly ahead: number }
  | { readonly do: 'remove'; readonly index: number }
  | { readonly do: 'advance'; readonly by: number };

const distance = fc.oneof(fc.nat(40), fc.nat(3_000), fc.nat(2 ** 21), fc.nat(2 ** 31 - 1), fc.constant(0));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('insert' as const), ahead: distance }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), index: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), by: distance }) },
);

test('any sequence of insertions, removals and advances fires what a sorted list would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const wheel = new TimerWheel();
      const oracle = new Map<Entry, number>();
      const fired: Entry[] = [];
      let now = 0;
      for (const todo of steps) {
        if (todo.do === 'insert') {
          const entry = new Entry(now + todo.ahead, (self) => fired.push(self));
          wheel.insert(entry);
          oracle.set(entry, entry.tick);
        } else if (todo.do === 'remove') {
          const entry = [...oracle.keys()][todo.index];
          if (entry === undefined) continue;
          oracle.delete(entry);
          assert.equal(wheel.remove(entry), true);
        } else {
          now += todo.by;
          // Array.sort keeps the order of insertion among equals.
          const due = [...oracle.keys()].filter(({ tick }) => tick <= now).sort((a, b) => a.tick - b.tick);
          for (const entry of due) oracle.delete(entry);
          fired.length = 0;
          wheel.advance(now);
          assert.deepEqual(
            fired.map(({ tick }) => tick),
            due.map(({ tick }) => tick),
          );
          assert.ok(
            fired.every((entry, index) => entry === due[index]),
            'those of one tick in order',
          );
        }
        assert.equal(wheel.size, oracle.size);
        const next = wheel.next();
        if (oracle.size === 0) assert.equal(next, undefined);
        else assert.ok(next! <= Math.max(now, Math.min(...oracle.values())), 'next is not late');
      }
    }),
    { numRuns: 3_000 },
  );
});
