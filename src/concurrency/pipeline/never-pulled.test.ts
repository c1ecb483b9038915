import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { background } from '../context/context-tree.ts';
import { fanIn, pipeline } from './pipeline.ts';
import type { Source } from './source.ts';
import { Probe } from './testdata/probe.ts';

failOnLeaks();

const ctx = background();

/** How a source comes to its end without having been asked for an element. */
const ends: Readonly<Record<string, (source: Source<number>) => Promise<unknown>>> = {
  'the Context had ended': async (source) => {
    const ended = ctx.withCancel();
    ended.cancel();
    await assert.rejects(pipeline(ended, source).toArray(), { code: 'canceled' });
  },
  'it takes nothing': (source) => pipeline(ctx, source).take(0).toArray(),
  'the pipeline is closed': (source) => pipeline(ctx, source).close(),
  'the loop is left before it began': (source) => pipeline(ctx, source)[Symbol.asyncIterator]().return!(),
  'the source beside it failed': async (source) => {
    await assert.rejects(fanIn(ctx, [new Probe({ failAt: 0 }).sync, source]).toArray(), { message: 'source failed' });
  },
};

for (const [when, end] of Object.entries(ends)) {
  test(`a source is closed once where ${when}`, async () => {
    const probes = [new Probe(), new Probe()] as const;

    await end(probes[0]);
    await end(probes[1].sync);

    for (const { pulled, returned } of probes) assert.deepEqual([pulled, returned], [0, 1]);
  });

  test(`a generator does not run where ${when}`, async () => {
    let ran = 0;
    await end(
      (async function* () {
        yield ++ran;
      })(),
    );
    await end(
      (function* () {
        yield ++ran;
      })(),
    );
    await end([1]);

    assert.equal(ran, 0);
  });

  test(`a stream of Node is destroyed, and one of the web canceled, where ${when}`, async () => {
    const readable = Readable.from([1]);
    let isCanceled = false;
    await end(readable);
    await end(
      new ReadableStream<number>({
        cancel: () => {
          isCanceled = true;
        },
      }),
    );

    assert.deepEqual([readable.destroyed, isCanceled], [true, true]);
  });
}

test('a file that is not read is closed', async () => {
  const file = createReadStream(import.meta.filename);
  const closed = once(file, 'close');

  await pipeline(ctx, file).close();

  await closed;
  assert.equal(file.closed, true);
});

test('a source that gives no iterator is asked for it once', async () => {
  let asked = 0;
  const iterator = () => {
    asked++;
    throw new Error('locked');
  };

  await assert.rejects(pipeline(ctx, { [Symbol.asyncIterator]: iterator }).toArray(), { message: 'locked' });
  await assert.rejects(pipeline(ctx, { [Symbol.iterator]: iterator }).toArray(), { message: 'locked' });

  assert.equal(asked, 2);
});
