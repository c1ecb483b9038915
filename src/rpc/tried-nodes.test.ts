import assert from 'node:assert/strict';
import { test } from 'node:test';
import { background } from '../concurrency/index.ts';
import { staticResolver } from '../discovery/index.ts';
import { withTelemetry } from '../observe/index.ts';
import { failOnLeaks } from '../testing/index.ts';
import { createRpcClient } from './client.ts';
import type { ClientProtocol } from './remote-call.ts';
import { networkFixture } from './testdata/fixture.ts';
import { RoomService } from './testdata/gen/flotilla/test/v1/room_pb.ts';
import { createRecorder } from './testdata/recorder.ts';

failOnLeaks();

for (const protocol of ['mux', 'connect'] as const satisfies readonly ClientProtocol[]) {
  test(`the line of a call that nobody answered names the instance, over ${protocol}`, async () => {
    await using fixture = await networkFixture({ handlers: { getRoom: () => new Promise(() => {}) } });
    const { telemetry, lines } = createRecorder('gift');
    const resolver = staticResolver({ room: [fixture.url] });
    using client = createRpcClient(RoomService, { target: 'room', resolver, protocol, timeoutMs: 100 });

    await assert.rejects(client.getRoom(withTelemetry(background(), telemetry), {}), { code: 'deadline_exceeded' });

    assert.deepEqual(
      lines.map(({ message, fields }) => [message, fields.tried]),
      [['client flotilla.test.v1.RoomService/GetRoom deadline_exceeded', 'room-1']],
    );
  });
}

test('the line of a call that was answered names nobody', async () => {
  await using fixture = await networkFixture();
  const { telemetry, lines } = createRecorder('gift');
  using client = createRpcClient(RoomService, { target: 'room', resolver: staticResolver({ room: [fixture.url] }) });

  await client.getRoom(withTelemetry(background(), telemetry), {});

  assert.deepEqual(
    lines.map(({ fields }) => 'tried' in fields),
    [false],
  );
});
