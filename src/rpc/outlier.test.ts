import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rootContext } from '../concurrency/index.ts';
import { type P2cBalancer, p2cBalancer, staticResolver } from '../discovery/index.ts';
import { StatusError } from '../errors/index.ts';
import { type Logger, withTelemetry } from '../observe/index.ts';
import { virtualClock } from '../testing/index.ts';
import { createRpcClient } from './client.ts';
import { inTime } from './testdata/calls.ts';
import { type Fixture, networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';
import { createRecorder } from './testdata/recorder.ts';

type Behaviour = 'fast' | 'slow' | 'failing';

/**
 * Three servers with sockets of their own and one client. Time is virtual for client and balancer: a server moves it by as
 * much as its answer takes, so calls come one after the other.
 */
async function threeServers(...behaviours: Behaviour[]) {
  const clock = virtualClock();
  const recorder = createRecorder('caller');
  const { log } = recorder.telemetry;
  const told: Logger = {
    ...log,
    info: (at, message, fields) => log.log(at, 'info', message, fields),
    warn: (at, message, fields) => log.log(at, 'warn', message, fields),
  };
  const ctx = withTelemetry(rootContext(clock), { ...recorder.telemetry, log: told });
  const served = behaviours.map(() => 0);
  const fixtures: (Fixture & { readonly url: string })[] = [];
  for (let index = 0; index < behaviours.length; index++) {
    const getRoom = async () => {
      served[index]!++;
      await clock.advance(behaviours[index] === 'slow' ? 200 : 10);
      if (behaviours[index] === 'failing') throw new StatusError('internal', 'broken');
      return {};
    };
    fixtures.push(await networkFixture({ handlers: { getRoom } }));
  }
  const made: P2cBalancer[] = [];
  const resolver = staticResolver(
    { room: fixtures.map(({ url }) => url) },
    {
      balancer(hooks) {
        const balancer = p2cBalancer({ ...hooks, clock, random: inSteps() });
        made.push(balancer);
        return balancer;
      },
    },
  );
  const client = createRpcClient(RoomService, { target: 'room', resolver });
  return {
    clock,
    behaviours,
    lines: recorder.lines,
    ejected: () => made[0]?.ejected,
    /** How many each server got of so many calls. */
    async call(count: number): Promise<number[]> {
      const before = [...served];
      for (let n = 0; n < count; n++) await client.getRoom(ctx, {}).catch(() => {});
      return served.map((now, index) => now - before[index]!);
    },
    /** Over two minutes: who calls one at a time goes to a bad server a few times in each ten seconds only. */
    async callSlowly(): Promise<void> {
      for (let n = 0; n < 12; n++) {
        await this.call(30);
        await clock.advance(10_000);
      }
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      for (const fixture of fixtures) await fixture[Symbol.asyncDispose]();
    },
  };
}

/** Evenly spread over [0, 1): multiples of the golden ratio. */
function inSteps(): () => number {
  let at = 0;
  return () => {
    at = (at + 0.6180339887498949) % 1;
    return at;
  };
}

describe('one server that fails and one that is slow, of three', inTime, () => {
  test('are left by the calls, and come back when they are well', async () => {
    await using group = await threeServers('fast', 'failing', 'slow');
    await group.callSlowly();

    const [fast, failing, slow] = await group.call(200);

    assert.equal(failing, 0);
    assert.ok(slow! < 20 && fast! > 180, `fast ${fast}, slow ${slow}`);
    assert.equal(group.ejected(), 1);
    group.behaviours.fill('fast');
    await group.clock.advance(300_000);
    await group.call(1_200);
    const shares = await group.call(300);
    assert.equal(group.ejected(), 0);
    assert.ok(
      shares.every((share) => share > 30),
      `calls of each: ${shares}`,
    );
  });

  test('are told to the log when one goes, each time that it fails again, and when it comes back', async () => {
    await using group = await threeServers('fast', 'failing', 'fast');
    await group.callSlowly();
    group.behaviours.fill('fast');
    await group.clock.advance(300_000);
    await group.call(20);

    const lines = group.lines.filter(({ fields }) => fields.target === 'room');

    const events = lines.map(({ message }) => message.replace(/for \d+ s/, 'for some s'));
    const last = events.pop();
    assert.equal(events[0], 'room-2 of room gets no calls for some s: too many calls failed in a row');
    for (const event of events.slice(1))
      assert.equal(event, 'room-2 of room gets no calls for some s: the call that tried it failed');
    assert.equal(last, 'room-2 of room gets calls again: a call that tried it succeeded');
  });
});
