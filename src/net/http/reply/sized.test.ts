import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gate, RawClient, serve } from '../server.fixture.ts';
import { sized } from './reply.ts';
import { exactly } from './sized.ts';

const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('sized', () => {
  it('sends a stream with its length, and keeps the connection', async () => {
    await using server = await serve((router) => router.get('/', () => sized(6, chunks('abc', 'def'))));
    using client = new RawClient(server.port);

    const first = await client.send(get).answer();
    const second = await client.send(get).answer();

    assert.deepEqual([first.status, first.body, second.body], [200, 'abcdef', 'abcdef']);
    assert.equal(first.headers['content-length'], '6');
    assert.equal(first.headers['transfer-encoding'], undefined);
    assert.equal(first.headers['content-type'], 'application/octet-stream');
  });

  it('may be empty', async () => {
    await using server = await serve((router) => router.get('/', () => sized(0, chunks())));
    using client = new RawClient(server.port);

    const answer = await client.send(get).answer();

    assert.deepEqual([answer.status, answer.headers['content-length'], answer.body], [200, '0', '']);
  });

  it('says the length to HEAD, makes nothing and closes the source', async () => {
    const returned = gate();
    let made = 0;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: new Uint8Array(++made) }),
        return: async () => {
          returned.resolve();
          return { done: true, value: undefined };
        },
      }),
    };
    await using server = await serve((router) => router.get('/', () => sized(1e12, source)));
    using client = new RawClient(server.port);

    const answer = await client.send('HEAD / HTTP/1.1\r\nHost: test\r\n\r\n').answer({ isHead: true });
    await returned.promise;

    assert.deepEqual([answer.headers['content-length'], made], ['1000000000000', 0]);
  });

  for (const [what, length, rest] of [
    ['ends early', 7, ['def']],
    ['goes on', 5, ['def', 'ghi']],
  ] as const) {
    it(`cuts the connection, and sends nothing beyond the length, when the source ${what}`, async () => {
      const go = gate();
      const closed = gate();
      const source = async function* () {
        try {
          yield* chunks('abc');
          await go.promise;
          yield* chunks(...rest);
        } finally {
          closed.resolve();
        }
      };
      await using server = await serve((router) => router.get('/', () => sized(length, source())));
      using client = new RawClient(server.port);

      const head = await client.send(get).until('\r\n\r\nabc');
      go.resolve();
      const tail = await client.closed();
      await closed.promise;

      assert.match(head, new RegExp(`content-length: ${length}\r\n`));
      assert.ok(tail === '' || (what === 'ends early' && tail === 'def'), tail);
    });
  }

  it('answers an error when the source fails before it gives anything', async () => {
    await using server = await serve((router) => router.get('/', () => sized(5, chunks())));
    using client = new RawClient(server.port);

    assert.equal((await client.send(get).answer()).status, 500);
  });

  for (const [length, reason, given] of [
    [5, 'LONG_BODY', 3],
    [7, 'SHORT_BODY', 6],
  ] as const) {
    it(`gives ${given} bytes of 6 that were to be ${length}, and throws ${reason}`, async () => {
      let size = 0;

      const reading = (async () => {
        for await (const chunk of exactly(chunks('abc', 'def'), length)) size += chunk.length;
      })();

      await assert.rejects(reading, { reason });
      assert.equal(size, given);
    });
  }

  for (const length of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    it(`refuses the length ${length}`, () => assert.throws(() => sized(length, chunks()), RangeError));
  }

  for (const status of [204, 304]) {
    it(`refuses the status ${status}, which has no body`, () =>
      assert.throws(() => sized(1, chunks('a'), { status }), TypeError));
  }
});
