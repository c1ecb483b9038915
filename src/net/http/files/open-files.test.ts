import assert from 'node:assert/strict';
import { stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type FileId, idOf } from './file-id.ts';
import { eventually, makeFolder, modifiedMs, write } from './folder.fixture.ts';
import { OpenFiles } from './open-files.ts';

async function twoFiles(t: TestContext): Promise<readonly [a: string, idOfA: FileId, b: string, idOfB: FileId]> {
  const root = await makeFolder(t, { a: 'aaa', b: 'bbb' });
  const [a, b] = [join(root, 'a'), join(root, 'b')];
  return [a, idOf(await stat(a)), b, idOf(await stat(b))];
}

describe('OpenFiles', () => {
  it('lends one descriptor to all readers of a version, and closes it when the last has left', async (t) => {
    const [a, id] = await twoFiles(t);
    const files = new OpenFiles(10);

    const first = await files.open(a, id);
    const second = await files.open(a, id);
    first?.release();
    first?.release();
    const countWhileRead = files.count;
    second?.release();
    await eventually(() => files.count === 0);

    assert.equal(first?.handle, second?.handle);
    assert.equal(countWhileRead, 1);
  });

  it('refuses one file more than it may have open, and takes it when there is room', async (t) => {
    const [a, idOfA, b, idOfB] = await twoFiles(t);
    const files = new OpenFiles(1);
    const first = await files.open(a, idOfA);

    await assert.rejects(files.open(b, idOfB), { reason: 'TOO_MANY_OPEN_FILES', code: 'unavailable' });
    first?.release();
    await eventually(() => files.count === 0);

    const later = await files.open(b, idOfB);
    later?.release();
    await eventually(() => files.count === 0);

    assert.ok(later !== undefined);
  });

  it('gives nothing for a version that is not there any more, and counts nothing for it', async (t) => {
    const [a, idOfA, b, idOfB] = await twoFiles(t);
    const files = new OpenFiles(1);

    await write(a, '../a', 'other', modifiedMs);
    await unlink(b);

    assert.deepEqual([await files.open(a, idOfA), await files.open(b, idOfB), files.count], [undefined, undefined, 0]);
  });

  it('keeps the readers of an older version on their own descriptor', async (t) => {
    const [a, id] = await twoFiles(t);
    const files = new OpenFiles(2);
    const old = await files.open(a, id);
    await unlink(a);
    await write(a, '../a', 'other', modifiedMs);

    const fresh = await files.open(a, idOf(await stat(a)));
    old?.release();
    await eventually(() => files.count === 1);

    assert.notEqual(old?.handle, fresh?.handle);
    assert.equal((await fresh!.handle.stat()).size, 5);
    fresh?.release();
    await eventually(() => files.count === 0);
  });
});
