import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerMetadata, fieldsOf, setHeaders, setTrailers, withMetadata } from '../call/index.ts';
import { sleep } from '../concurrency/index.ts';
import { inTime, root } from './testdata/calls.ts';
import { networkFixture } from './testdata/fixture.ts';

for (const protocol of ['mux', 'grpc'] as const) {
  test(`the metadata of a hedged call over ${protocol} are those of the answer that counts`, inTime, async () => {
    const lost = Promise.withResolvers<void>();
    await using fixture = await networkFixture({
      server: { guard: false },
      handlers: {
        async getRoom(ctx, { id }) {
          if (id !== 'slow') return {};
          const { attempt } = fieldsOf(ctx);
          setHeaders(ctx, { 'x-try': String(attempt) });
          setTrailers(ctx, { [`x-tail-${attempt}`]: 'here' });
          if (attempt > 0) return {};
          ctx.onDone(() => lost.resolve());
          await sleep(ctx, 60_000);
          return {};
        },
      },
      client: { protocol, timeoutMs: 0, methods: { getRoom: { hedge: { minCalls: 5, minDelayMs: 5 } } } },
    });
    for (let call = 0; call < 10; call++) await fixture.client.getRoom(root, {});
    const answer = answerMetadata();

    await fixture.client.getRoom(withMetadata(root, {}, answer), { id: 'slow' });
    await lost.promise;

    assert.equal(answer.headers.get('x-try'), '1');
    assert.deepEqual([answer.trailers.get('x-tail-0'), answer.trailers.get('x-tail-1')], [undefined, 'here']);
  });
}
