import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { failOnLeaks } from '../../testing/leaks.ts';
import { background } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { unhandledRejections } from '../testdata/unhandled-rejections.ts';
import { group } from './group.ts';

failOnLeaks();

const doom = new Error('doomed');

test('the error of a group that is dropped without wait surfaces when it is collected', async (t) => {
  const surfaced = unhandledRejections(t);
  const drop = async () => {
    group(background()).go(async () => {
      throw doom;
    });
    await yieldNow();
  };
  const reported = async () => {
    const g = group(background());
    g.go(async () => {
      throw new Error('reported');
    });
    await g.wait().catch(() => undefined);
  };
  await drop();
  await reported();

  await collect(() => surfaced.length > 0);

  assert.deepEqual(surfaced, [doom]);
});

// The stack of such an error, until somebody reads it, holds what stood on it: the task, and through that the group.
test('an error that was made in a task surfaces all the same when its group is dropped', async (t) => {
  const surfaced = unhandledRejections(t);
  const made = (message: string, cause?: unknown) => new Error(message, { cause });
  const drop = async () => {
    group(background()).go(() => {
      throw made('at once');
    });
    group(background()).go(async () => {
      throw made('in the first step', made('its cause'));
    });
    const adds = group(background());
    adds.go(async () => {
      await yieldNow();
      if (adds.size > 0) throw made('later');
    });
    await yieldNow();
    await yieldNow();
  };
  await drop();

  await collect(() => surfaced.length === 3);

  assert.deepEqual(surfaced.map((error) => (error as Error).message).sort(), ['at once', 'in the first step', 'later']);
});

/** Collects garbage until `isEnough`, for so many turns at most. */
async function collect(isEnough: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let turn = 0; turn < 50 && !isEnough(); turn++) {
    gc();
    await yieldNow();
  }
}
