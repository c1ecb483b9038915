import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, rootContext } from '../../concurrency/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { Batches } from './batches.ts';
import { Exporter } from './exporter.ts';
import type { Sent } from './send.ts';

const ok: Sent = { kind: 'ok', rejected: 0 };
const retry: Sent = { kind: 'retry', retryAfterMs: undefined, cause: 'HTTP status 503' };

/** An exporter whose receiver gives the answers, then `ok`. A batch holds one item. */
function exporting(...answers: readonly Sent[]) {
  const clock = virtualClock();
  const left = [...answers];
  const sent: { readonly at: number; readonly text: string }[] = [];
  const counts: string[] = [];
  const troubles: (string | undefined)[] = [];
  const batches: Batches = new Batches({
    clock,
    intervalMs: 1000,
    maxBatchBytes: 1,
    maxQueueBytes: 20,
    onSealed: () => exporter.start(),
    onDropped: (items, reason) => void counts.push(`${items} ${reason}`),
  });
  const exporter = new Exporter({
    clock,
    batches,
    random: () => 1,
    send: async (bytes) => {
      sent.push({ at: clock.now(), text: new TextDecoder().decode(bytes.subarray(2)) });
      return left.shift() ?? ok;
    },
    onSent: (items) => void counts.push(`${items} sent`),
    onDropped: (items, reason) => void counts.push(`${items} ${reason}`),
    onTrouble: (cause) => void troubles.push(cause),
  });
  const add = (text: string) => batches.add((writer, item) => writer.string(1, item), text);
  return { clock, exporter, add, sent, counts, troubles };
}

describe('Exporter', () => {
  it('sends batches in order, one at a time', async () => {
    const { clock, add, sent, counts } = exporting();

    for (const text of ['a', 'b', 'c']) add(text);
    await clock.advance(0);

    assert.deepEqual(
      sent.map(({ text }) => text),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(counts, ['1 sent', '1 sent', '1 sent']);
  });

  it('backs off exponentially, and says once that there is trouble and once that it is over', async () => {
    const { clock, add, sent, troubles } = exporting(retry, retry, retry);

    add('a');
    await clock.advance(60_000);

    assert.deepEqual(
      sent.map(({ at }) => at),
      [0, 1000, 3000, 7000],
    );
    assert.deepEqual(troubles, ['HTTP status 503', undefined]);
  });

  it('waits as long as the receiver asks', async () => {
    const { clock, add, sent } = exporting({ ...retry, retryAfterMs: 30_000 });

    add('a');
    await clock.advance(60_000);

    assert.deepEqual(
      sent.map(({ at }) => at),
      [0, 30_000],
    );
  });

  it('gives a batch up after eight tries, and goes on with the next', async () => {
    const { clock, add, sent, counts } = exporting(...new Array<Sent>(8).fill(retry));

    add('a');
    add('b');
    await clock.advance(600_000);

    assert.deepEqual([sent.length, sent.at(-1)!.text, counts], [9, 'b', ['1 retries_exhausted', '1 sent']]);
  });

  it('does not repeat what was refused', async () => {
    const { clock, add, counts, sent } = exporting({ kind: 'failed', cause: 'HTTP status 400' });

    add('a');
    await clock.advance(60_000);

    assert.deepEqual([sent.length, counts], [1, ['1 rejected']]);
  });

  it('drops the newest when the queue is full, and has room again afterwards', async () => {
    const { clock, add, counts, sent } = exporting(retry);

    for (const text of ['aaaaaaa', 'bbbbbbb', 'ccccccc', 'ddddddd']) add(text);
    await clock.advance(60_000);
    add('e');
    await clock.advance(0);

    assert.deepEqual(
      sent.map(({ text }) => text[0]),
      ['a', 'a', 'b', 'c', 'e'],
    );
    assert.equal(counts[0], '1 queue_full');
  });

  it('tries at once when flushed during a backoff', async () => {
    const { clock, add, sent, exporter } = exporting(retry, retry);
    add('a');
    await clock.advance(1500);

    await exporter.flush(background());

    assert.deepEqual(
      sent.map(({ at }) => at),
      [0, 1000, 1500],
    );
  });

  it('drops and counts what is left when the time to flush is over', async () => {
    const { clock, add, counts, exporter } = exporting(...new Array<Sent>(8).fill(retry));
    add('a');
    add('b');
    using ctx = rootContext(clock).withTimeout(2000);

    const flushed = exporter.flush(ctx);
    await clock.advance(2000);
    await flushed;

    assert.deepEqual(counts, ['1 flush_timeout', '1 flush_timeout']);
  });
});
