import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CallHead, type Priority, priorities } from '../../call/index.ts';
import { headOf, type TestGuard, testGuard } from './testdata/guard.fixture.ts';

/** 'admitted', or the reason of the refusal. A call that is admitted ends at once. */
function ask({ guard }: TestGuard, head: CallHead = headOf(), durationMs = 1): string {
  const decision = guard.admit(head);
  if (!decision.admitted) return decision.error.reason;
  decision.done({ error: undefined, durationMs });
  return 'admitted';
}

/** So many calls of each priority, from users of their own; gives the share that was admitted. */
function shares(test: TestGuard, each: number): Record<Priority, number> {
  const admitted = priorities.map((priority) => {
    let count = 0;
    for (let user = 0; user < each; user++)
      if (ask(test, headOf({ priority, principal: `user-${user}` })) === 'admitted') count++;
    return [priority, count / each] as const;
  });
  return Object.fromEntries(admitted) as Record<Priority, number>;
}

/** A full turn after the other, as a spike makes them, in which 100 calls were taken. */
function overload(test: TestGuard): void {
  for (let n = 0; n < 100; n++) ask(test);
  test.endWindow({ minTurnMs: 100 });
  ask(test);
}

describe('a guard of a server', () => {
  it('admits everything while nothing points to overload', () => {
    const test = testGuard();

    assert.deepEqual(shares(test, 100), { critical: 1, default: 1, sheddable: 1, background: 1 });
    assert.equal(test.guard.snapshot().isOverloaded, false);
    assert.equal(test.guard.snapshot().level, 1);
  });

  it('gives refusals a time to come back, from 1 to 3 s, and makes none of them anew', () => {
    const test = testGuard();
    test.heapShare = 1;

    const refused = Array.from({ length: 60 }, () => test.guard.admit(headOf()));

    const times = new Set<number | undefined>();
    for (const decision of refused) {
      assert.equal(decision.admitted, false);
      assert.equal(decision.error.code, 'unavailable');
      assert.equal(decision.error.metadata.retryAfterMs, String(decision.retryAfterMs));
      times.add(decision.retryAfterMs);
    }
    assert.ok(Math.min(...(times as Set<number>)) >= 1000 && Math.max(...(times as Set<number>)) <= 3000);
    assert.ok(times.size > 1);
    assert.equal(new Set(refused).size, times.size);
  });

  it('answers health checks and what is exempt whatever happens', () => {
    const test = testGuard({ isExempt: ({ method }) => method === 'Ping' });
    overload(test);
    test.turnMs = 1_000_000;
    test.heapShare = 1;

    for (const method of ['GET /healthz', 'GET /livez', 'GET /readyz', 'Ping'])
      assert.equal(ask(test, headOf({}, { method, timeoutMs: 0 })), 'admitted', method);
    assert.equal(ask(test, headOf({}, { service: 'grpc.health.v1.Health', method: 'Check' })), 'admitted');
    assert.equal(ask(test), 'OVERLOADED');
  });

  it('takes no more in a turn of 100 ms, except what is critical', () => {
    const test = testGuard();

    test.turnMs = 99;
    for (let n = 0; n < 6; n++) assert.equal(ask(test), 'admitted');
    test.turnMs = 100;
    assert.equal(ask(test), 'OVERLOADED');
    assert.equal(ask(test, headOf({ priority: 'critical' })), 'admitted');
    test.turnMs = 10_000;
    assert.equal(ask(test, headOf({ priority: 'critical' })), 'OVERLOADED');
  });

  it('takes what came before the process stood still for a moment', () => {
    const test = testGuard();
    for (let n = 0; n < 100; n++) ask(test);
    test.endWindow({ minTurnMs: 1, idleShare: 0.9 });
    ask(test);

    test.turnMs = 400;

    for (let n = 0; n < 20; n++) assert.equal(ask(test), 'admitted');
  });

  it('is not overloaded by long turns of few calls, nor by any with pauses between them', () => {
    for (const window of [{ minTurnMs: 50 }, { minTurnMs: 150, idleShare: 0.1 }]) {
      const test = testGuard();
      for (let n = 0; n < 50; n++) ask(test);
      test.endWindow(window);
      ask(test);

      assert.equal(test.guard.snapshot().isOverloaded, false, JSON.stringify(window));
    }
    const slow = testGuard();
    ask(slow);
    slow.endWindow({ minTurnMs: 100 });
    ask(slow);

    assert.equal(slow.guard.snapshot().isOverloaded, false, 'one call of 100 ms');
  });

  it('takes calls for 2 ms of a turn while it is overloaded, critical ones for longer', () => {
    const test = testGuard();
    overload(test);

    assert.equal(test.guard.snapshot().isOverloaded, true);
    for (let n = 0; n < 400; n++) ask(test, headOf({ principal: `user-${n}` }));
    test.endWindow({ minTurnMs: 3 });
    ask(test);
    const critical = headOf({ priority: 'critical', principal: 'user-1' });
    test.turnMs = 3;
    assert.equal(ask(test, headOf()), 'OVERLOADED');
    assert.equal(ask(test, critical), 'admitted');
    test.turnMs = 50;
    assert.equal(ask(test, critical), 'OVERLOADED');
  });

  it('lets in as much as was done before, the most important first', () => {
    const test = testGuard();
    overload(test);

    // 400 arrive in a window, and 100 were taken in one of the same length.
    for (let window = 0; window < 4; window++) {
      shares(test, 100);
      test.endWindow({ minTurnMs: 3 });
    }
    const { critical, default: normal, sheddable, background } = shares(test, 100);

    assert.ok(critical > 0.5, `${critical}`);
    assert.ok(critical >= normal && normal >= sheddable && sheddable >= background);
    assert.equal(sheddable + background, 0);
  });

  it('serves the same users for a minute, and others in the next', () => {
    let minute = 1;
    const test = testGuard({ epoch: () => minute });
    const users = Array.from({ length: 200 }, (_, n) => headOf({ principal: `user-${n}` }));
    const window = () => {
      const served = users.map((head) => ask(test, head) === 'admitted');
      test.endWindow({ minTurnMs: 3 });
      return served;
    };
    overload(test);
    for (let n = 0; n < 8; n++) window();
    const first = window();
    const second = window();
    minute++;
    window();
    const later = window();

    const differ = (a: readonly boolean[], b: readonly boolean[]) => a.filter((served, n) => served !== b[n]).length;
    assert.ok(first.includes(true) && first.includes(false));
    assert.ok(differ(first, second) < 30, `${differ(first, second)} of 200 changed within a minute`);
    assert.ok(differ(second, later) > 40, `${differ(second, later)} of 200 changed with it`);
  });

  it('is open again a few windows after the load has gone', () => {
    const test = testGuard();
    overload(test);
    shares(test, 100);
    test.endWindow({ minTurnMs: 3 });
    ask(test);
    assert.ok(test.guard.snapshot().level < 1);

    for (let n = 0; n < 12; n++) {
      for (let call = 0; call < 10; call++) ask(test);
      test.endWindow({ minTurnMs: 0.5, idleShare: 0.9 });
    }
    ask(test);

    assert.equal(test.guard.snapshot().isOverloaded, false);
    assert.equal(test.guard.snapshot().level, 1);
  });

  it('refuses what its caller will not wait for', () => {
    const test = testGuard();
    assert.equal(ask(test, headOf({}, { timeoutMs: 0 })), 'DEADLINE_TOO_SHORT');
    assert.equal(ask(test, headOf({}, { timeoutMs: 5 }), 20), 'admitted');
    for (let n = 0; n < 64; n++) ask(test, headOf(), 20 + n);

    assert.equal(ask(test, headOf({}, { timeoutMs: 19 })), 'DEADLINE_TOO_SHORT');
    assert.equal(ask(test, headOf({}, { timeoutMs: 25 }), 22), 'admitted');
    // It has been waiting for as long as the turn goes on.
    test.turnMs = 10;
    assert.equal(ask(test, headOf({}, { timeoutMs: 25 })), 'DEADLINE_TOO_SHORT');
  });

  it('refuses by priority when the heap is nearly full', () => {
    const admits = (heapShare: number) => {
      const test = testGuard();
      test.heapShare = heapShare;
      return priorities.filter((priority) => ask(test, headOf({ priority })) === 'admitted');
    };

    assert.deepEqual(admits(0.89), priorities);
    assert.deepEqual(admits(0.9), ['critical', 'default']);
    assert.deepEqual(admits(0.95), ['critical']);
  });

  it('counts decisions by method and priority, and names the tenants that were refused most', () => {
    const test = testGuard();
    ask(test, headOf({ tenant: 'a' }));
    test.heapShare = 1;
    ask(test, headOf({ tenant: 'a', priority: 'background' }));
    ask(test, headOf({ tenant: 'b' }));
    ask(test, headOf({ tenant: 'b' }));

    const { methods, shedTenants } = test.guard.snapshot();

    assert.equal(methods[0]?.name, 'room/Get');
    assert.deepEqual(methods[0]?.decisions, [
      { priority: 'default', decision: 'admitted', count: 1 },
      { priority: 'default', decision: 'heap', count: 2 },
      { priority: 'background', decision: 'heap', count: 1 },
    ]);
    assert.deepEqual(shedTenants, [
      { tenant: 'b', refused: 2 },
      { tenant: 'a', refused: 1 },
    ]);
  });

  it('knows 1,000 methods, and all others as one', () => {
    const test = testGuard();
    for (let n = 0; n < 1500; n++) ask(test, headOf({}, { method: `M${n}` }));

    const { methods } = test.guard.snapshot();

    assert.equal(methods.length, 1001);
    assert.equal(methods.at(-1)?.name, 'other');
    assert.equal(methods.at(-1)?.decisions[0]?.count, 500);
  });

  it('follows a change of its settings, and refuses a bad one', () => {
    const test = testGuard();
    test.guard.configure({ heapHighShare: 0.5, heapFullShare: 0.5 });
    test.heapShare = 0.6;

    assert.equal(ask(test), 'OVERLOADED');
    assert.throws(() => test.guard.configure({ heapHighShare: 2 }), /heapHighShare is 2; give a number from 0.1 to 1/);
    assert.throws(() => testGuard({ targetMs: Number.NaN }), RangeError);
  });
});
