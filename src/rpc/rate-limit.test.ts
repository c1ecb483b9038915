import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { background } from '../concurrency/index.ts';
import { byAddress, gcra, keyedLimiter } from '../guard/index.ts';
import { rateLimit } from '../service/index.ts';
import { virtualClock } from '../testing/index.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

const refused = {
  code: 'resource_exhausted',
  reason: 'RATE_LIMITED',
  metadata: { limit: 'reads', retryAfterMs: '30000' },
};

describe('a rate limit of an RPC server', () => {
  it('tells the caller when to come back, whatever it speaks', async () => {
    const options = { name: 'reads', limit: 2, windowMs: 60_000, burst: 1, clock: virtualClock() };
    const { middleware } = rateLimit(gcra(options), { methods: ['flotilla.test.v1.RoomService/GetRoom'] });
    // The caller must not try again for this test to see what it was told.
    await using fixture = await networkFixture({ server: { middleware: [middleware] }, client: { guard: false } });

    await fixture.client.getRoom(background(), { id: '7' });

    await assert.rejects(fixture.client.getRoom(background(), { id: '7' }), refused);
    const answer = await fetch(`${fixture.url}/flotilla.test.v1.RoomService/GetRoom`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, '30']);
  });

  for (const form of ['admit', 'middleware'] as const) {
    it(`counts by the address of the caller over HTTP/1 and HTTP/2 (${form})`, async () => {
      const limit = keyedLimiter({ name: 'all', limit: 1, windowMs: 60_000, key: byAddress, clock: virtualClock() });
      const made = rateLimit(limit);
      await using fixture = await networkFixture({
        server: form === 'admit' ? { admit: made.admit } : { middleware: [made.middleware] },
      });
      const grpc = createClient(RoomService, createGrpcTransport({ baseUrl: fixture.url }));

      await grpc.getRoom({ id: '7' });
      const answer = await fetch(`${fixture.url}/flotilla.test.v1.RoomService/GetRoom`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });

      assert.equal(answer.status, 429);
      assert.deepEqual([limit.snapshot().admitted, limit.snapshot().refused], [1, 1]);
    });
  }
});
