import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rootContext } from '../../../concurrency/index.ts';
import { virtualClock } from '../../../testing/index.ts';
import { streamed } from '../input/body.ts';
import { gate, RawClient, serve } from '../server.fixture.ts';
import { RequestBody } from './request-body.ts';

describe('the body of a request', () => {
  it('lets go of who still reads it when the call has its answer', async () => {
    const clock = virtualClock();
    const reading = gate();
    const left = gate<unknown>();
    await using server = await serve(
      (router) =>
        router.post('/', { body: streamed(), timeoutMs: 1000 }, async (_ctx, { body }) => {
          try {
            for await (const _piece of body) reading.resolve();
          } catch (error) {
            left.resolve(error);
          }
        }),
      {},
      rootContext(clock),
    );
    using client = new RawClient(server.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nabc');
    await reading.promise;

    await clock.advance(1000);
    const { status } = await client.answer();

    assert.equal(status, 504);
    assert.equal(((await left.promise) as { reason: string }).reason, 'CALL_ANSWERED');
  });

  it('gives tiny pieces together, and large ones as they came', async () => {
    const body = new RequestBody(() => {});
    const large = Buffer.alloc(2000, 'x');
    for (const piece of ['a', 'b', 'c']) body.push(Buffer.from(piece));
    const pieces = body.readPieces(10_000);

    const first = await pieces.next();
    body.push(large);
    body.push(large);
    body.complete();
    const second = await pieces.next();
    const third = await pieces.next();

    assert.equal(String(first.value), 'abc');
    assert.equal(second.value, large);
    assert.equal(third.value, large);
    assert.equal((await pieces.next()).done, true);
  });

  it('has trailers without the properties that every object has', async () => {
    const seen = gate<unknown>();
    await using server = await serve((router) =>
      router.get('/', (_ctx, { trailers }) => void seen.resolve(trailers.constructor)),
    );
    using client = new RawClient(server.port);

    await client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n').answer();

    assert.equal(await seen.promise, undefined);
  });
});
