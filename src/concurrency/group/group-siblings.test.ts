import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { background } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import { unhandledRejections } from '../testdata/unhandled-rejections.ts';
import { sleep } from '../time/wait.ts';
import { type Group, group } from './group.ts';
import type { Task } from './task.ts';

failOnLeaks();

const doom = new Error('doomed');
const fails = async () => {
  await yieldNow();
  throw doom;
};

/** What tasks of the group do with the error of another. */
const siblings: Readonly<Record<string, (g: Group, failing: Task<void>) => unknown>> = {
  'await of it': async (_g, failing) => await failing,
  'an await that comes late': async (_g, failing) => {
    await yieldNow();
    await yieldNow();
    await failing;
  },
  'giving it as its result': (_g, failing) => failing,
  'a call of room': async (g) => {
    await yieldNow();
    await yieldNow();
    await g.room();
  },
  'an error that wraps it': async (_g, failing) => {
    try {
      await failing;
    } catch (error) {
      throw new Error('wrapped', { cause: error });
    }
  },
};

for (const [what, takes] of Object.entries(siblings)) {
  test(`the end of the block throws the error that another task took and failed with: ${what}`, async (t) => {
    const surfaced = unhandledRejections(t);
    async function block() {
      await using g = group(background());
      const failing = g.go(fails);
      g.go(() => takes(g, failing));
      g.go(() => takes(g, failing));
    }

    await assert.rejects(block(), doom);

    assert.deepEqual(surfaced, []);
  });

  test(`the body that was handed the error too is not told again: ${what}`, async () => {
    async function block() {
      await using g = group(background());
      const failing = g.go(fails);
      g.go(() => takes(g, failing));
      await failing;
    }

    await assert.rejects(block(), doom);
  });
}

test('the body that was handed the error by the task that took it is not told again', async () => {
  async function block(takes: (failing: Task<void>) => unknown) {
    await using g = group(background());
    const failing = g.go(fails);
    await g.go(() => takes(failing));
  }
  const wrapped = (failing: Task<void>) =>
    failing.then(undefined, (error) => Promise.reject(new Error('wrapped', { cause: error })));

  await assert.rejects(
    block((failing) => failing),
    doom,
  );
  await assert.rejects(block(wrapped), { message: 'wrapped', cause: doom });
});

test('a task that takes the error of another and goes on has dealt with it', async () => {
  let left: Group;
  {
    await using g = group(background());
    left = g;
    const failing = g.go(fails);
    g.go(() => failing.then(undefined, () => undefined));
  }

  assert.equal(left.ctx.cause(), doom);
});

test('the end of the context is not told again where a task fails with an error that it caused', async () => {
  const parent = background().withCancel();
  async function block() {
    await using g = group(parent);
    const ended = g.go((ctx) => sleep(ctx, 1e9));
    g.go((ctx) => sleep(ctx, 1e9).catch((error) => Promise.reject(new Error('wrapped', { cause: error }))));
    parent.cancel(doom);
    await ended;
  }

  await assert.rejects(block(), { code: 'canceled', cause: doom });
});
