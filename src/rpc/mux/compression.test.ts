import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { unsentBy } from '../../guard/index.ts';
import { inTime, root } from '../testdata/calls.ts';
import { networkFixture } from '../testdata/fixture.ts';
import type { RoomHandlers } from '../testdata/room-handlers.ts';

/** Takes some milliseconds to compress, and less to send. */
const slowText = (bytes: number) => randomBytes(bytes / 2).toString('hex');

function compressing(handlers?: Partial<RoomHandlers>) {
  const side = { compressMinBytes: 1_000, guard: false } as const;
  return networkFixture({
    server: side,
    client: { ...side, protocol: 'mux' },
    ...(handlers !== undefined && { handlers }),
  });
}

describe('messages that are compressed off the event loop', inTime, () => {
  test('do not hold up those that are small', async () => {
    const ids: string[] = [];
    await using fixture = await compressing({
      getRoom: async (_ctx, { id }) => {
        ids.push(id.slice(0, 5));
        return { room: { title: id } };
      },
    });
    const large = `large${slowText(2_000_000)}`;

    const answers = await Promise.all([
      fixture.client.getRoom(root, { id: large }),
      fixture.client.getRoom(root, { id: 'small' }),
    ]);

    assert.deepEqual(ids, ['small', 'large']);
    assert.deepEqual([answers[0].room?.title === large, answers[1].room?.title], [true, 'small']);
  });

  test('arrive in their order among others, both ways', async () => {
    const texts = Array.from({ length: 40 }, (_, index) => `${index} ${slowText(index % 3 === 0 ? 200_000 : 100)}`);
    await using fixture = await compressing({
      async *chat(_ctx, requests) {
        for await (const { text } of requests) yield { text };
      },
      async uploadMessages(_ctx, requests) {
        let last = '';
        for await (const { text } of requests) last += text;
        return { last };
      },
      async *watchRoom(_ctx, { id }) {
        yield { text: id };
        for (const text of texts) yield { text };
      },
    });
    async function* requests() {
      for (const text of texts) yield { text };
    }
    const id = slowText(300_000);

    const [chat, upload, watch] = await Promise.all([
      Array.fromAsync(fixture.client.chat(root, requests())),
      fixture.client.uploadMessages(root, requests()),
      Array.fromAsync(fixture.client.watchRoom(root, { id })),
    ]);

    assert.deepEqual(
      chat.map(({ text }) => text.slice(0, 10)),
      texts.map((text) => text.slice(0, 10)),
    );
    assert.equal(chat.map(({ text }) => text).join(''), texts.join(''));
    assert.equal(upload.last, texts.join(''));
    assert.equal(watch.map(({ text }) => text).join(''), id + texts.join(''));
  });

  test('are not sent for a caller that has left meanwhile', async () => {
    let handled = 0;
    await using fixture = await compressing({ getRoom: async () => ({ room: { id: String(++handled) } }) });
    await fixture.client.getRoom(root, {});
    const ctx = root.withCancel();

    const call = fixture.client.getRoom(ctx, { id: slowText(1_000_000) });
    ctx.cancel();

    await assert.rejects(call, { code: 'canceled' });
    await fixture.client.getRoom(root, { id: slowText(1_000_000) });
    assert.equal(handled, 2);
  });

  test('may go elsewhere when their connection ends meanwhile', async () => {
    await using fixture = await compressing();
    await fixture.client.getRoom(root, {});

    const call = fixture.client.getRoom(root, { id: slowText(2_000_000) });
    fixture.client[Symbol.dispose]();

    await assert.rejects(call, (error: never) => unsentBy(error) === 'transport');
  });

  test('fail the call where they are too large when they are inflated', async () => {
    await using fixture = await networkFixture({
      server: { compressMinBytes: 1_000, maxMessageBytes: 300_000, guard: false },
      client: { compressMinBytes: 1_000, protocol: 'mux', guard: false },
    });

    await assert.rejects(fixture.client.getRoom(root, { id: 'x'.repeat(400_000) }), { reason: 'MESSAGE_TOO_LARGE' });
    await assert.rejects(Array.fromAsync(fixture.client.watchRoom(root, { id: 'x'.repeat(400_000) })), {
      reason: 'MESSAGE_TOO_LARGE',
    });
  });
});
