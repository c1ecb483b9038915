import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, rootContext } from '../../../concurrency/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { text } from '../reply/reply.ts';
import { RawClient, serve } from '../server.fixture.ts';

describe('a server that stops', () => {
  it('does not wait for the rest of a request that has its answer', async () => {
    const clock = virtualClock();
    const { server, port } = await serve((router) => router.post('/', () => text('one')), {}, rootContext(clock));
    using client = new RawClient(port);
    const head = 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n';
    const { body } = await client.send(`${head}abc`).answer();

    await server.stop(background());

    assert.equal(body, 'one');
  });
});
