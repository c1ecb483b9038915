import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, type Context, rootContext, systemClock } from '../concurrency/index.ts';
import { staticResolver } from '../discovery/index.ts';
import { createRpcClient, type RpcClient } from './client.ts';
import { inTime } from './testdata/calls.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';

/** Blocks the event loop: no timer fires meanwhile. */
function compute(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    // Works.
  }
}

/** Six servers in a row, each of which computes before it calls the next. Tells when each handler began. */
async function chainOf(hops: number, workMs: number) {
  await using stack = new AsyncDisposableStack();
  const began: number[] = [];
  const left: number[] = [];
  let next: RpcClient<typeof RoomService> | undefined;
  for (let hop = hops; hop > 0; hop--) {
    const following = next;
    const fixture = stack.use(
      await networkFixture({
        server: { guard: false },
        handlers: {
          async getRoom(ctx: Context) {
            began.push(performance.now());
            left.push(ctx.remainingMs());
            compute(workMs);
            return following === undefined ? {} : following.getRoom(ctx, {});
          },
        },
      }),
    );
    const resolver = staticResolver({ room: [fixture.url] });
    next = stack.use(createRpcClient(RoomService, { target: 'room', resolver }));
  }
  const ends = stack.move();
  return { client: next!, began, left, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

test('in a chain of six hops that compute, no call begins after the first caller’s deadline', inTime, async () => {
  await using chain = await chainOf(6, 45);
  // Connections are made beforehand: what is left is the chain's own time.
  await chain.client.getRoom(rootContext(systemClock).withTimeout(20_000), {});
  chain.began.length = 0;
  chain.left.length = 0;

  const deadline = performance.now() + 200;
  await assert.rejects(chain.client.getRoom(rootContext(systemClock).withTimeout(200), {}), {
    code: 'deadline_exceeded',
  });

  assert.ok(chain.began.length < 6, 'the chain has no time for all of them');
  assert.ok(
    chain.began.every((at) => at < deadline),
    'a call began too late',
  );
  for (const [hop, ms] of chain.left.entries()) assert.ok(hop === 0 || ms < chain.left[hop - 1]!, 'time only shrinks');
});

test('a server stops a little before its caller does', inTime, async () => {
  await using chain = await chainOf(1, 0);
  const now = systemClock.now();
  const frozen: Clock = { ...systemClock, now: () => now };

  await chain.client.getRoom(rootContext(frozen).withTimeout(10_000), {});
  await chain.client.getRoom(rootContext(frozen).withTimeout(100), {}).catch(() => {});

  // The client itself gives a call 5 s.
  assert.ok(chain.left[0]! <= 4_990, `${chain.left[0]} ms`);
  if (chain.left.length > 1) assert.ok(chain.left[1]! <= 95, `${chain.left[1]} ms`);
});
