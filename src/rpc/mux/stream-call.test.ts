import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contextKey, current, runWith, yieldNow } from '../../concurrency/index.ts';
import { inTime, root } from '../testdata/calls.ts';
import { networkFixture } from '../testdata/fixture.ts';

const name = contextKey('name', 'nobody');

describe('a stream of requests over mux', inTime, () => {
  test('comes from code whose Context is its own, whoever made room for the next message', async () => {
    await using fixture = await networkFixture({
      client: { protocol: 'mux' },
      handlers: {
        async uploadMessages(_ctx, requests) {
          let count = 0;
          // Slower than they are sent: what is read makes room.
          for await (const _ of requests) if (++count % 10 === 0) await yieldNow();
          return { count };
        },
      },
    });
    const seen = new Set<string>();
    async function* requests(own: string) {
      for (let n = 0; n < 100; n++) {
        seen.add(`${own} finds ${current().value(name)}`);
        yield { text: 'x'.repeat(8_000) };
      }
    }

    const calls = ['a', 'b', 'c'].map((own) =>
      runWith(root.withValue(name, own), () => fixture.client.uploadMessages(root, requests(own))),
    );
    const counts = (await Promise.all(calls)).map(({ count }) => count);

    assert.deepEqual(counts, [100, 100, 100]);
    assert.deepEqual([...seen].sort(), ['a finds a', 'b finds b', 'c finds c']);
  });

  test('that cannot be opened when its call has waited fails that call alone', async () => {
    await using fixture = await networkFixture({ client: { protocol: 'mux', guard: false }, server: { guard: false } });
    const { client } = fixture;
    await client.getRoom(root, {});
    // More than the socket takes at once.
    const others = Array.from({ length: 100 }, () => client.getRoom(root, { id: 'x'.repeat(60_000) }));
    const locked = {
      [Symbol.asyncIterator]: () => {
        throw new TypeError('it is locked');
      },
    };

    await assert.rejects(client.uploadMessages(root, locked), /it is locked/);

    await Promise.all(others);
  });
});
