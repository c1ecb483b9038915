import assert from 'node:assert/strict';
import { stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { idOf } from './file-id.ts';
import { makeFolder, modifiedMs, write } from './folder.fixture.ts';
import { Looks } from './looks.ts';

describe('Looks', () => {
  it('sees a change that was made before the question, whatever look is under way', async (t) => {
    const root = await makeFolder(t, { a: 'a' });
    const looks = new Looks();
    for (let round = 0; round < 20; round++) {
      const before = looks.at(join(root, 'a'));
      const pending = write(root, 'a', 'x'.repeat(round + 2), modifiedMs);
      const during = [looks.at(join(root, 'a')), looks.at(join(root, 'a'))];
      await pending;

      const after = await Promise.all([looks.at(join(root, 'a')), looks.at(join(root, 'a'))]);

      assert.deepEqual(
        after.map((id) => id?.size),
        [round + 2, round + 2],
      );
      assert.deepEqual(after[0], idOf(await stat(join(root, 'a'))));
      await Promise.all([before, ...during]);
    }
  });

  it('gives all who ask while a look is under way the next one', async (t) => {
    const root = await makeFolder(t, { a: 'a' });
    const looks = new Looks();

    const first = looks.at(join(root, 'a'));
    const [second, third] = [looks.at(join(root, 'a')), looks.at(join(root, 'a'))];

    assert.notEqual(first, second);
    assert.equal(second, third);
    await Promise.all([first, second]);
    assert.notEqual(looks.at(join(root, 'a')), third);
  });

  it('gives nothing for what is not there, is no file, or has an impossible name', async (t) => {
    const root = await makeFolder(t, { 'folder/a': 'a', gone: '' });
    await unlink(join(root, 'gone'));
    const looks = new Looks();

    const names = [join(root, 'gone'), join(root, 'folder'), join(root, 'folder/a/b'), join(root, 'x'.repeat(5000))];

    assert.deepEqual(await Promise.all(names.map((name) => looks.at(name))), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
