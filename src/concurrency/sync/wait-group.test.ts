import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import * as errors from '../../errors/index.ts';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { setTracker, type Tracked } from '../parking/tracking.ts';
import { yieldNow } from '../parking/turns.ts';
import { WaitGroup } from './wait-group.ts';

failOnLeaks();

const ctx = background();

// Go: src/sync/waitgroup_test.go TestWaitGroup
test('all that wait go on when the count is 0 and none before, in every round of its use', async () => {
  const arrived = new WaitGroup();
  const released = new WaitGroup();

  for (let round = 0; round < 8; round++) {
    let exited = 0;
    arrived.add(16);
    released.add(16);
    const tasks = Array.from({ length: 16 }, async () => {
      arrived.done();
      await released.wait(ctx);
      exited++;
    });
    await arrived.wait(ctx);
    for (let n = 0; n < 16; n++) {
      await null;
      assert.equal(exited, 0);
      released.done();
    }
    await Promise.all(tasks);
    assert.equal(exited, 16);
  }
});

// Go: src/sync/waitgroup_test.go TestWaitGroupMisuse
test('a count below 0 is refused and changes nothing', () => {
  const group = new WaitGroup();
  group.add(1);
  group.done();

  assert.throws(
    () => group.done(),
    (error) => errors.as(error)?.code === 'failed_precondition' && errors.as(error)?.reason === 'WAIT_GROUP_NEGATIVE',
  );
  group.add(2);
  assert.throws(() => group.add(-3));

  assert.equal(group.count, 2);
});

// Go: src/sync/waitgroup_test.go TestWaitGroupRace
test('wait never returns before the last task, however short the tasks are', async () => {
  for (let round = 0; round < 1000; round++) {
    const group = new WaitGroup();
    let ended = 0;
    const task = async () => {
      for (let turn = 0; turn < round % 4; turn++) await null;
      ended++;
      group.done();
    };
    group.add();
    void task();
    group.add();
    void task();

    await group.wait(ctx);

    assert.equal(ended, 2);
  }
});

// Go: src/sync/waitgroup_test.go TestWaitGroupGo
test('go counts its task until what the task returns has settled', async () => {
  const group = new WaitGroup();
  let ended = 0;

  group.go(() => {
    ended++;
  });
  group.go(async () => {
    await yieldNow();
    group.go(async () => {
      await yieldNow();
      ended++;
    });
    ended++;
  });
  assert.equal(group.count, 2);
  await group.wait(ctx);

  assert.deepEqual([ended, group.count], [3, 0]);
});

// Go: src/sync/waitgroup_test.go TestIssue76126
test('a task of go that fails ends the program, and wait does not return before', () => {
  for (const task of ['() => { throw new Error("bad task"); }', 'async () => { throw new Error("bad task"); }']) {
    const program = `
      import { background } from ${JSON.stringify(new URL('../context/context-tree.ts', import.meta.url).href)};
      import { WaitGroup } from ${JSON.stringify(new URL('./wait-group.ts', import.meta.url).href)};
      const group = new WaitGroup();
      group.go(${task});
      await group.wait(background());
      console.log('wait returned');`;

    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });

    assert.equal(stdout, '');
    assert.match(stderr, /bad task/);
    assert.notEqual(status, 0);
  }
});

test('a group that counts nothing need not be waited for', () => {
  assert.equal(new WaitGroup().wait(ctx), undefined);
});

test('those who waited for a count of 0 go on, even if it rises again at once', async () => {
  const group = new WaitGroup();
  group.add();
  const waiting = group.wait(ctx);

  group.done();
  group.add();
  await waiting;

  assert.equal(group.count, 1);
});

test('a wait whose context ends throws its error, and the others go on waiting', async () => {
  const clock = virtualClock();
  const group = new WaitGroup();
  group.add();
  using limited = rootContext(clock).withTimeout(10);
  const gone = assert.rejects(
    Promise.resolve(group.wait(limited)),
    (error) => errors.as(error)?.code === 'deadline_exceeded',
  );
  const other = group.wait(ctx);

  await clock.advance(10);
  await gone;
  assert.throws(() => group.wait(limited));
  group.done();
  await other;

  assert.equal(clock.pending, 0);
});

test('a number that is not whole is refused', () => {
  const group = new WaitGroup();

  for (const n of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => group.add(n), RangeError);
  assert.equal(group.count, 0);
});

test('debug mode hears of the tasks of go, from their start to their end', async (t) => {
  const heard: string[] = [];
  const task = <T>(tracked: Tracked, body: () => T) => {
    heard.push(`start of ${tracked.describe()}`);
    return body();
  };
  const ended = (tracked: Tracked) => heard.push(`end of ${tracked.describe()}`);
  const ignore = () => {};
  setTracker({ task, ended, parked: ignore, resumed: ignore, armed: ignore, disarmed: ignore });
  t.after(() => setTracker(undefined));
  const group = new WaitGroup({ name: 'imports' });

  group.go(async () => {
    await null;
    heard.push('work');
  });
  await group.wait(ctx);

  const name = 'task of wait group "imports"';
  assert.deepEqual(heard, [`start of ${name}`, 'work', `end of ${name}`]);
});
