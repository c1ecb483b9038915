import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanup } from './cleanup.ts';

describe('cleanup', () => {
  it('calls what was added last first, and waits for each', async (t) => {
    const calls: string[] = [];

    await t.test('opens a database in a folder', (inner) => {
      cleanup(inner, () => void calls.push('folder removed'));
      cleanup(inner, async () => {
        calls.push('closing');
        await new Promise(setImmediate);
        calls.push('closed');
      });
      calls.push('end of the test');
    });

    assert.deepEqual(calls, ['end of the test', 'closing', 'closed', 'folder removed']);
  });

  it('keeps the tests apart', async (t) => {
    const calls: string[] = [];
    cleanup(t, () => void calls.push('outer'));

    await t.test('inner', (inner) => cleanup(inner, () => void calls.push('inner')));

    assert.deepEqual(calls, ['inner']);
  });

  it('calls all of them even if some fail', async () => {
    const hooks: (() => unknown)[] = [];
    const calls: string[] = [];
    const t = { after: (hook: () => unknown) => void hooks.push(hook) } as never;
    cleanup(t, () => void calls.push('folder'));
    cleanup(t, () => {
      throw new Error('cannot be closed');
    });

    const ended = Promise.resolve(hooks[0]?.());

    await assert.rejects(ended, { message: 'cannot be closed' });
    assert.deepEqual(calls, ['folder']);
    assert.equal(hooks.length, 1);
  });
});
