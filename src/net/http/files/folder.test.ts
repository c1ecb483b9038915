import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { background } from '../../../concurrency/index.ts';
import { makeFolder, modifiedMs } from './folder.fixture.ts';
import { Folder } from './folder.ts';

const ctx = background();
const isImmutable = () => false;
const large = new Uint8Array(2 * 1024 * 1024);

describe('Folder', () => {
  for (const [what, nowMs, isDated, tag] of [
    ['half a second after it was changed', modifiedMs + 500, false, /^W\/"/],
    ['a second after it was changed', modifiedMs + 1000, true, /^"/],
    ['long before it was changed, by a clock that goes wrong', modifiedMs - 60_000, false, /^"/],
  ] as const) {
    it(`promises no more of a file than its times can keep ${what}`, async (t) => {
      const root = await makeFolder(t, { 'small.txt': 'small', 'large.bin': large });
      const folder = new Folder(root, { cacheBytes: 1e8, isImmutable, nowMs: () => nowMs });

      const [small, big] = await Promise.all([folder.find(ctx, 'small.txt'), folder.find(ctx, 'large.bin')]);

      assert.deepEqual(
        [small, big].map((file) => file?.plain.validators.modifiedMs !== undefined),
        [isDated, isDated],
      );
      assert.match(small?.plain.validators.etag ?? '', /^"/);
      assert.match(big?.plain.validators.etag ?? '', tag);
    });
  }

  it('keeps what it knows of a file, but not of one that was changed just now', async (t) => {
    const root = await makeFolder(t, { 'a.txt': 'a' });
    const { ctimeMs } = await stat(join(root, 'a.txt'));
    const isKept = async (nowMs: number) => {
      const folder = new Folder(root, { cacheBytes: 1e8, isImmutable, nowMs: () => nowMs });
      const first = await folder.find(ctx, 'a.txt');
      return first === (await folder.find(ctx, 'a.txt'));
    };

    assert.deepEqual([await isKept(ctimeMs + 1000), await isKept(ctimeMs + 500)], [true, false]);
  });

  it('reads a file once for all who ask at the same time', async (t) => {
    const root = await makeFolder(t, { 'a.txt': 'a' });
    const folder = new Folder(root, { cacheBytes: 0, isImmutable, nowMs: Date.now });

    const [first, ...others] = await Promise.all([1, 2, 3].map(() => folder.find(ctx, 'a.txt')));

    // The first look was under way when the others asked; they share the next.
    assert.equal(new Set(others).size, 1);
    assert.deepEqual(first, others[0]);
  });
});
