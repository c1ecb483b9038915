import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background } from '../../concurrency/index.ts';
import { hooks } from './hooks.ts';
import { compression } from './reply/compression.ts';
import { text } from './reply/reply.ts';
import { errorOf, gate, RawClient, serve } from './server.fixture.ts';
import type { HttpServerOptions } from './server-options.ts';

const get = 'GET / HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n';

function fail(): never {
  throw new Error('a mistake');
}

describe('what the program throws outside of a chain', () => {
  const table: readonly [what: string, options: Partial<HttpServerOptions>][] = [
    ['admit', { admit: fail }],
    ['fields', { fields: fail }],
    ['the types of a compression', { compression: compression({ minBytes: 0, types: fail }) }],
  ];
  for (const [what, options] of table) {
    it(`is answered with 500 when it is ${what}, and the connection goes on`, async () => {
      await using server = await serve((router) => router.get('/', () => text('one')), options);
      using client = new RawClient(server.port);

      const first = await client.send(get).answer();
      const second = await client.send(get).answer();

      assert.deepEqual([first.status, second.status], [500, 500]);
      assert.equal(errorOf(first).reason, 'INTERNAL');
    });
  }

  it('does not count a call as ended twice when it is the end of a permit', async () => {
    let ends = 0;
    const done = () => {
      ends++;
      fail();
    };
    const server = await serve((router) => router.get('/', () => text('one')), {
      admit: () => ({ admitted: true, done }),
    });
    using client = new RawClient(server.port);

    const answer = await client.send(get).answer();
    using limit = background().withTimeout(10_000);
    await server.server.stop(limit);

    assert.deepEqual([answer.status, answer.body, ends], [200, 'one', 1]);
    assert.equal(limit.err(), undefined);
  });
});

describe('OPTIONS *', () => {
  it('has an address that a middleware may look at', async () => {
    const seen = gate<string>();
    const onRequest = hooks({ onRequest: (_ctx, { url }) => seen.resolve(url.href) });
    await using server = await serve((router) => router.get('/', () => text('one')), { middleware: [onRequest] });
    using client = new RawClient(server.port);

    const { status } = await client.send('OPTIONS * HTTP/1.1\r\nHost: test:8080\r\n\r\n').answer();

    assert.deepEqual([status, await seen.promise], [204, 'http://test:8080/']);
  });
});
