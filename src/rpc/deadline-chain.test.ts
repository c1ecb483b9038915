import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Clock, type Context, rootContext } from '../concurrency/index.ts';
import { staticResolver } from '../discovery/index.ts';
import { createRpcClient, type RpcClient } from './client.ts';
import type { ClientProtocol } from './remote-call.ts';
import { inTime } from './testdata/calls.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

const protocols = ['mux', 'connect', 'grpc'] satisfies ClientProtocol[];

/** Time passes only while somebody computes, and no timer fires: a loop that is blocked, on a machine of any speed. */
function blockedClock(): Clock & { compute(ms: number): void } {
  let now = 0;
  const never = () => ({ stop: () => true });
  return {
    now: () => now,
    after: never,
    at: never,
    compute(ms) {
      now += ms;
    },
  };
}

/** Servers in a row, each of which computes before it calls the next. Tells when each handler began, and with what time left. */
async function chainOf(hops: number, workMs: number, protocol: ClientProtocol) {
  const clock = blockedClock();
  await using stack = new AsyncDisposableStack();
  const ctx = rootContext(clock);
  const began: number[] = [];
  const left: number[] = [];
  let next: RpcClient<typeof RoomService> | undefined;
  for (let hop = hops; hop > 0; hop--) {
    const following = next;
    const fixture = stack.use(
      await networkFixture({
        ctx,
        server: { guard: false },
        handlers: {
          async getRoom(ctx: Context) {
            began.push(clock.now());
            left.push(ctx.remainingMs());
            clock.compute(workMs);
            return following === undefined ? {} : following.getRoom(ctx, {});
          },
        },
      }),
    );
    const resolver = staticResolver({ room: [fixture.url] });
    next = stack.use(createRpcClient(RoomService, { target: 'room', resolver, protocol }));
  }
  const ends = stack.move();
  return { client: next!, ctx, began, left, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

describe('a deadline', inTime, () => {
  for (const protocol of protocols) {
    test(`lets no call begin after it in a chain of six hops that compute (${protocol})`, async () => {
      await using chain = await chainOf(6, 45, protocol);

      await assert.rejects(chain.client.getRoom(chain.ctx.withTimeout(200), {}), { code: 'deadline_exceeded' });

      // The fourth ends at 180: less than the fifth needs is left, as each hop keeps some for its answer.
      assert.deepEqual(chain.began, [0, 45, 90, 135]);
      for (const [hop, ms] of chain.left.entries())
        assert.ok(hop === 0 || ms < chain.left[hop - 1]!, 'it only shrinks');
    });

    test(`comes a little sooner for a server than for its caller (${protocol})`, async () => {
      await using chain = await chainOf(1, 0, protocol);

      await chain.client.getRoom(chain.ctx.withTimeout(10_000), {});
      await chain.client.getRoom(chain.ctx.withTimeout(100), {});

      // The client itself gives a call 5 s. The server keeps a twentieth, and no more than 10 ms.
      assert.deepEqual(chain.left, [4_990, 95]);
    });
  }
});
