import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import type { Context } from '../../concurrency/index.ts';
import { staticResolver } from '../../discovery/index.ts';
import * as errors from '../../errors/index.ts';
import { createRpcClient } from '../client.ts';
import { callsOfEachKind, hanging, inTime, root } from '../testdata/calls.ts';
import { networkFixture } from '../testdata/fixture.ts';
import { RoomService } from '../testdata/gen/flotilla/test/v1/room_pb.ts';

const each = 5;

describe('a process that is killed', inTime, () => {
  test('as the server leaves no call of its clients pending', async () => {
    const server = await program('mux-server.ts', []);
    const url = await server.line();
    using client = createRpcClient(RoomService, {
      target: 'room',
      resolver: staticResolver({ room: [url] }),
      protocol: 'mux',
      guard: false,
      timeoutMs: 0,
    });
    const calls = Object.values(callsOfEachKind).flatMap((call) =>
      Array.from({ length: each }, () => call(client, root)),
    );
    const outcomes = Promise.all(
      calls.map((call) =>
        call.then(
          () => 'answered',
          (error) => errors.from(error).reason,
        ),
      ),
    );
    for (let started = 0; started < calls.length; started++) assert.equal(await server.line(), 'started');

    server.child.kill('SIGKILL');

    assert.deepEqual(new Set(await outcomes), new Set(['CONNECTION_LOST']));
    await once(server.child, 'close');
  });

  test('as the client leaves no call of the server running', async () => {
    let [started, running] = [0, 0];
    const all = Promise.withResolvers<void>();
    const count = each * Object.keys(callsOfEachKind).length;
    const track = (ctx: Context) => {
      running++;
      if (++started === count) all.resolve();
      ctx.onDone(() => running--);
      return new Promise<never>(() => {});
    };
    await using fixture = await networkFixture({
      server: { guard: false, timeoutMs: 0 },
      handlers: {
        ...hanging(undefined),
        getRoom: track,
        uploadMessages: track,
        async *watchRoom(ctx) {
          yield await track(ctx);
        },
        async *chat(ctx) {
          yield await track(ctx);
        },
      },
    });
    const client = await program('mux-client.ts', [fixture.url, String(each)]);
    await all.promise;

    client.child.kill('SIGKILL');
    await once(client.child, 'close');
    await fixture.stop(root);

    assert.equal(running, 0);
  });
});

async function program(
  name: string,
  args: readonly string[],
): Promise<{ child: ChildProcess; line(): Promise<string> }> {
  const path = new URL(`../testdata/${name}`, import.meta.url).pathname;
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async line() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${name} has ended`);
      return value;
    },
  };
}
