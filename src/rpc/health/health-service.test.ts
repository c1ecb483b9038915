import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { background } from '../../concurrency/index.ts';
import { staticResolver } from '../../discovery/index.ts';
import { StatusError } from '../../errors/index.ts';
import { withTelemetry } from '../../observe/index.ts';
import { withReadiness } from '../../service/index.ts';
import { createRpcClient, type RpcClient } from '../client.ts';
import { Health, HealthCheckResponse_ServingStatus as Status } from '../gen/grpc/health/v1/health_pb.ts';
import { implement } from '../implementation.ts';
import { inTime, root } from '../testdata/calls.ts';
import { type Fixture, type FixtureOptions, networkFixture } from '../testdata/fixture.ts';
import { RoomService } from '../testdata/gen/flotilla/test/v1/room_pb.ts';
import { createRecorder } from '../testdata/recorder.ts';
import { roomHandlers } from '../testdata/room-handlers.ts';

const room = RoomService.typeName;

interface Probed extends AsyncDisposable {
  readonly fixture: Fixture;
  readonly health: RpcClient<typeof Health>;
}

/** A server and a client of its health service. */
async function probed(options: FixtureOptions = {}): Promise<Probed> {
  const fixture = await networkFixture(options);
  const resolver = staticResolver({ room: [fixture.url] });
  const health = createRpcClient(Health, { target: 'room', resolver, guard: false });
  return {
    fixture,
    health,
    async [Symbol.asyncDispose]() {
      health[Symbol.dispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

describe('the health service of a server', inTime, () => {
  test('tells of the server and each of its services, and knows no others', async () => {
    await using server = await probed();
    const { health } = server;

    assert.equal((await health.check(root, {})).status, Status.SERVING);
    assert.equal((await health.check(root, { service: room })).status, Status.SERVING);
    await assert.rejects(health.check(root, { service: 'live.Gift' }), {
      code: 'not_found',
      reason: 'SERVICE_UNKNOWN',
    });
    const { statuses } = await health.list(root, {});
    assert.deepEqual(Object.keys(statuses).sort(), ['', room]);
    for await (const { status } of health.watch(root, { service: 'live.Gift' })) {
      assert.equal(status, Status.SERVICE_UNKNOWN);
      break;
    }
  });

  test('follows what the app says of its readiness', async () => {
    let isReady = false;
    await using server = await probed({ ctx: withReadiness(background(), async () => isReady) });

    const before = await server.health.check(root, {});
    isReady = true;
    const after = await server.health.check(root, {});

    assert.deepEqual([before.status, after.status], [Status.NOT_SERVING, Status.SERVING]);
  });

  test('lets its calls in where all others are refused, and runs them without middleware', async () => {
    const error = new StatusError('unauthenticated', 'no token');
    await using server = await probed({
      server: {
        admit: () => ({ admitted: false, error }),
        middleware: [() => () => Promise.reject(error)],
      },
    });

    assert.equal((await server.health.check(root, {})).status, Status.SERVING);
    await assert.rejects(server.fixture.client.getRoom(root, {}), { code: 'unauthenticated' });
  });

  test('leaves no span and no line in the log', async () => {
    const recorder = createRecorder('room');
    await using server = await probed({ ctx: withTelemetry(background(), recorder.telemetry) });

    await server.health.check(root, {});
    await server.health.check(root, { service: 'live.Gift' }).catch(() => {});
    await server.fixture.client.getRoom(root, {});

    assert.deepEqual(
      recorder.spans.map(({ name }) => name),
      [`${room}/GetRoom`],
    );
    assert.equal(recorder.lines.length, 1);
  });

  test('tells a watcher of the drain, and does not hold it up', async () => {
    const waiting = Promise.withResolvers<void>();
    const proceed = Promise.withResolvers<void>();
    await using server = await probed({
      handlers: {
        async getRoom() {
          waiting.resolve();
          await proceed.promise;
          return {};
        },
      },
    });
    const watch = server.health.watch(root, {})[Symbol.asyncIterator]();
    assert.equal((await watch.next()).value?.status, Status.SERVING);
    const running = server.fixture.client.getRoom(root, {});
    await waiting.promise;

    const stopped = server.fixture.stop(root);
    assert.equal((await watch.next()).value?.status, Status.NOT_SERVING);
    await assert.rejects(watch.next(), { code: 'unavailable', reason: 'DRAINING' });
    proceed.resolve();

    await running;
    await stopped;
  });

  test('is not there if it is not wanted', async () => {
    await using server = await probed({ server: { health: false } });

    await assert.rejects(server.health.check(root, {}), { code: 'unimplemented', reason: 'METHOD_NOT_FOUND' });
  });

  test('gives way to one of the user’s', async () => {
    const own = implement(Health, {
      check: () => ({ status: Status.NOT_SERVING }),
      list: () => ({}),
      async *watch() {},
    });
    const services = [implement(RoomService, roomHandlers), own];
    await using server = await probed({ server: { services, admit: () => assert.fail('asked') } });

    assert.equal((await server.health.check(root, {})).status, Status.NOT_SERVING);
  });
});
