import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LeaseTable } from './lease-table.ts';

const ttlMs = 15_000;
const heartbeatMs = 5_000;

/** A registry's life second by second: who sends a heartbeat when, and who is evicted when. */
class Life {
  readonly table = new LeaseTable({ ttlMs, heartbeatMs });
  readonly evicted: { readonly id: string; readonly at: number }[] = [];
  now = 0;

  constructor(count: number) {
    for (let n = 0; n < count; n++) this.table.grant(`room-${n}`, `token-${n}`, 0);
    this.count = count;
  }
  readonly count: number;

  run(untilMs: number, sends: (index: number, now: number) => boolean): void {
    for (; this.now <= untilMs; this.now += 1_000) {
      for (let n = 0; n < this.count; n++) {
        // Heartbeats are spread over the interval, as they are in life.
        if ((this.now + n * 1_000) % heartbeatMs === 0 && sends(n, this.now))
          this.table.renew(`room-${n}`, `token-${n}`, this.now);
      }
      for (const id of this.table.takeExpired(this.now)) this.evicted.push({ id, at: this.now });
    }
  }

  get ids(): string[] {
    return this.evicted.map(({ id }) => id).sort();
  }
}

describe('LeaseTable', () => {
  it('evicts nobody who renews', () => {
    const life = new Life(6);

    life.run(600_000, () => true);

    assert.deepEqual(life.evicted, []);
  });

  it('evicts one that fell silent within a TTL and a sweep of its last heartbeat', () => {
    const life = new Life(6);

    life.run(200_000, (index, now) => index !== 3 || now <= 100_000);

    const last = 97_000;
    assert.deepEqual(life.ids, ['room-3']);
    assert.ok(
      life.evicted[0]!.at - last <= ttlMs + 2_000,
      `evicted ${life.evicted[0]!.at - last} ms after its last heartbeat`,
    );
  });

  it('evicts the only one there is', () => {
    const life = new Life(1);

    life.run(60_000, (_, now) => now < 20_000);

    assert.deepEqual(life.ids, ['room-0']);
  });

  it('evicts nobody while 30 % of all heartbeats are lost', () => {
    let state = 42;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const life = new Life(100);
    life.run(60_000, () => true);

    life.run(660_000, () => random() > 0.3);

    assert.deepEqual(life.evicted, []);
  });

  it('evicts nobody when all fall silent together', () => {
    const life = new Life(6);

    life.run(600_000, (_, now) => now < 60_000);

    assert.deepEqual(life.evicted, []);
  });

  it('evicts at most 15 % within a minute, the longest silent first', () => {
    const life = new Life(20);

    life.run(75_000, (index, now) => index >= 10 || now < 30_000 - index * 1_000);

    assert.equal(life.evicted.length, 3);
    life.run(360_000, (index) => index >= 10);
    assert.deepEqual(
      life.ids,
      Array.from({ length: 10 }, (_, n) => `room-${n}`),
    );
  });

  it('evicts after an hour of silence whatever else holds', () => {
    const life = new Life(3);

    life.run(3_700_000, (_, now) => now < 60_000);

    assert.equal(life.evicted.length, 3);
    assert.ok(life.evicted.every(({ at }) => at > 3_600_000));
  });

  it('prolongs all leases when its own sweep came late', () => {
    const life = new Life(4);
    life.run(60_000, () => true);

    life.now += 120_000;
    life.run(life.now + 5_000, () => false);
    life.run(life.now + 60_000, () => true);

    assert.deepEqual(life.evicted, []);
  });

  it('does not let frequent renewals of some make up for lost ones of others', () => {
    const life = new Life(10);
    const chatty = (now: number) => {
      for (let n = 0; n < 100; n++) life.table.renew('room-0', 'token-0', now + n);
    };
    life.run(60_000, () => true);

    life.run(300_000, (index, now) => {
      chatty(now);
      return index === 0 || (index > 1 && (now / heartbeatMs + index) % 2 < 1);
    });

    assert.ok(!life.ids.includes('room-2'), 'half of the heartbeats are lost: it is the network');
  });

  const renewals = [
    { what: 'its own', key: 'room-0', token: 'token-0', expected: 'renewed' },
    { what: 'one that it does not know', key: 'room-9', token: 'token-9', expected: 'unknown' },
    { what: 'one that was granted again to another', key: 'room-0', token: 'token-1', expected: 'replaced' },
  ];
  for (const { what, key, token, expected } of renewals) {
    it(`answers ${expected} to the renewal of ${what}`, () => {
      assert.equal(new Life(1).table.renew(key, token, 1), expected);
    });
  }
});
