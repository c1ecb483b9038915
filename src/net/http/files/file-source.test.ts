import assert from 'node:assert/strict';
import type { FileHandle } from 'node:fs/promises';
import { describe, it } from 'node:test';
import type { FileId } from './file-id.ts';
import { FileSource, pieceBytes } from './file-source.ts';

const size = 10 * pieceBytes + 5;

/** A file of zeros that notes what is asked of it. */
function fake(change: Partial<FileId> = {}) {
  const id: FileId = { device: 1, inode: 1, size, modifiedMs: 1, changedMs: 1 };
  const now = { ...id, ...change };
  const asked = { reads: 0, released: 0 };
  const handle = {
    read: async (_piece: Uint8Array, _offset: number, length: number, position: number) => {
      asked.reads++;
      // Half of what was asked for at a time, as a system may.
      return { bytesRead: Math.max(0, Math.min(Math.ceil(length / 2), now.size - position)) };
    },
    stat: async () => ({
      dev: now.device,
      ino: now.inode,
      size: now.size,
      mtimeMs: now.modifiedMs,
      ctimeMs: now.changedMs,
    }),
  } as unknown as FileHandle;
  const file = { id, handle, release: () => void asked.released++ };
  return { file, asked };
}

const whole = [{ first: 0, last: size - 1 }];

async function drain(source: FileSource): Promise<number> {
  let sum = 0;
  for await (const piece of source) sum += piece.length;
  return sum;
}

describe('FileSource', () => {
  it('gives all sections in pieces and releases the file', async () => {
    const { file, asked } = fake();

    const sum = await drain(new FileSource(file, ['head', ...whole, 'between', { first: 5, last: 5 }, 'end']));

    assert.equal(sum, 4 + size + 7 + 1 + 3);
    assert.ok(asked.released > 0);
  });

  it('reads one piece ahead and no more', async () => {
    const { file, asked } = fake();
    const source = new FileSource(file, whole);

    const first = await source.next();
    await new Promise((resolve) => setImmediate(resolve));
    const readsAhead = asked.reads;
    await source.next();
    await new Promise((resolve) => setImmediate(resolve));

    assert.equal(first.done === false && first.value.length, pieceBytes);
    // Each piece takes the halves of halves that the file gives.
    assert.deepEqual([readsAhead, asked.reads], [36, 54]);
    await source.return();
  });

  it('releases the file when its reader leaves, before the first piece too', async () => {
    for (const steps of [0, 1, 2]) {
      const { file, asked } = fake();
      const source = new FileSource(file, whole);
      for (let step = 0; step < steps; step++) await source.next();

      await source.return();

      assert.deepEqual([asked.released > 0, await source.next()], [true, { done: true, value: undefined }]);
    }
  });

  for (const [what, change, fails] of [
    ['became shorter', { size: size - 1 }, true],
    ['was written over', { modifiedMs: 2 }, true],
    ['grew', { size: size + 1, modifiedMs: 2 }, false],
    ['was renamed', { changedMs: 2 }, false],
  ] as const) {
    it(`${fails ? 'throws before the last piece of' : 'gives all of'} a file that ${what}`, async () => {
      const { file, asked } = fake(change);

      const outcome = drain(new FileSource(file, whole));

      if (fails) await assert.rejects(outcome, { reason: 'FILE_CHANGED' });
      else assert.equal(await outcome, size);
      assert.ok(asked.released > 0);
    });
  }
});
