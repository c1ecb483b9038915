import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { virtualClock } from '../../../testing/index.ts';
import { Rounds } from './rounds.ts';

describe('Rounds', () => {
  it('visits each member once a period, not before it and at most a sixteenth later', async () => {
    const clock = virtualClock();
    const visits = new Map<object, number[]>();
    const rounds = new Rounds<object>(clock, 1600, (member) => visits.get(member)!.push(clock.now()));
    const joined = new Map<object, number>();

    for (let i = 0; i < 40; i++) {
      const member = {};
      joined.set(member, clock.now());
      visits.set(member, []);
      rounds.add(member);
      await clock.advance(37);
    }
    await clock.advance(6000);

    for (const [member, at] of joined) {
      const times = [at, ...visits.get(member)!];
      assert.ok(times.length >= 4, `${times.length - 1} visits`);
      for (let i = 1; i < times.length; i++) {
        const after = times[i]! - times[i - 1]!;
        assert.ok(after >= 1600 && after <= 1700, `visited after ${after} ms`);
      }
    }
  });

  it('needs one timer for all, and none for nobody', async () => {
    const clock = virtualClock();
    const rounds = new Rounds<object>(clock, 1000, () => {});
    const members = Array.from({ length: 100 }, () => ({}));

    for (const member of members) rounds.add(member);
    const pending = clock.pending;
    await clock.advance(10_000);
    for (const member of members) rounds.delete(member);

    assert.deepEqual([pending, clock.pending], [1, 0]);
  });

  it('begins again after nobody was there', async () => {
    const clock = virtualClock();
    let visits = 0;
    const rounds = new Rounds<object>(clock, 1000, () => visits++);
    const member = {};

    rounds.add(member);
    rounds.delete(member);
    await clock.advance(5000);
    rounds.add(member);
    await clock.advance(999);
    const early = visits;
    await clock.advance(100);

    assert.deepEqual([early, visits], [0, 1]);
  });

  it('lets a visit take members out and put others in', async () => {
    const clock = virtualClock();
    const seen: string[] = [];
    const rounds: Rounds<{ name: string }> = new Rounds(clock, 1000, (member) => {
      seen.push(member.name);
      rounds.delete(member);
      if (member.name === 'a') {
        rounds.delete(b);
        rounds.add(c);
      }
    });
    const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }] as const;
    rounds.add(a);
    rounds.add(b);

    await clock.advance(5000);

    assert.deepEqual(seen, ['a', 'c']);
    assert.equal(clock.pending, 0);
  });

  it('visits once those who were due several times while the loop was blocked', async () => {
    let now = 0;
    let fire = () => {};
    const clock = {
      now: () => now,
      after: () => assert.fail(),
      at: (_time: number, fn: () => void) => {
        fire = fn;
        return { stop: () => true };
      },
    };
    const seen: number[] = [];
    const rounds = new Rounds<{ id: number }>(clock, 1600, ({ id }) => seen.push(id));
    rounds.add({ id: 1 });

    now = 60_000;
    fire();

    assert.deepEqual(seen, [1]);
  });
});
