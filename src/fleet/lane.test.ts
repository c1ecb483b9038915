import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { test } from 'node:test';
import { background } from '../concurrency/index.ts';
import { instanceOf } from '../discovery/registry.contract.ts';
import { as } from '../errors/index.ts';
import { type FlotillaProcess, startLane } from '../testing/index.ts';
import { lanesOf, listLanes } from './lane-list.ts';
import { laneUp } from './lane-up.ts';
import { fleetFile, gatewayService, httpService } from './testdata/http-service.ts';
import { type Project, project } from './testdata/project.ts';
import { type RunningFleet, runFleet } from './testdata/running-fleet.ts';

const ctx = background();

/** A fleet of `web` (public) and `room`, and a changed `room` that may run in a lane. */
async function withFleet(work: (fleet: RunningFleet, files: Project) => Promise<void>): Promise<void> {
  using files = project();
  for (const name of ['web', 'room', 'room-blue']) httpService(files, name);
  files.edit('room-blue/main.ts', "app({ name: 'room-blue'", "app({ name: 'room'");
  fleetFile(files, { web: '{ port: 0 }', room: `{ env: { SETTING: 'yes' } }` });
  files.write('data/notes.txt', 'of the baseline');
  await using fleet = runFleet(files);
  await fleet.ready();
  await work(fleet, files);
}

async function blueBeside(files: Project, ...args: readonly string[]): Promise<FlotillaProcess> {
  using starting = ctx.withTimeout(60_000);
  const services = { room: files.path('room-blue/main.ts') };
  return await startLane(starting, 'blue', { dataDir: files.path('data'), services, args });
}

const refusal = (reason: string, pattern: RegExp) => (error: unknown) =>
  as(error)?.reason === reason && pattern.test(String(error));

test('a lane registers its services in it, shows where it is entered, is listed, and leaves when it ends', () =>
  withFleet(async (_fleet, files) => {
    await using blue = await blueBeside(files);

    const lanes = await listLanes(files.path('data'));
    const output = blue.output();
    using stopping = ctx.withTimeout(60_000);
    const code = await blue.stop(stopping);

    assert.deepEqual(lanes, [{ lane: 'blue', service: 'room', version: '1.0.0', instances: ['room-blue-1'] }]);
    assert.match(output, /^flotilla {2}lane blue beside .*fleet\.ts: 1 service in 1 process$/m);
    assert.match(output, /^app {6}http:\/\/blue\.localhost:\d+$/m);
    assert.match(output, /^console {2}http:\/\/127\.0\.0\.1:\d+$/m);
    assert.equal(code, 0, blue.output());
    assert.deepEqual(await listLanes(files.path('data')), []);
    assert.ok(existsSync(files.path('data/lanes/blue/notes.txt')), 'it had a copy of the data');
  }));

test('a lane that shares its data gets no copy, and one name is up once', () =>
  withFleet(async (_fleet, files) => {
    await using blue = await blueBeside(files, '--data', 'shared');

    assert.ok(!existsSync(files.path('data/lanes/blue/notes.txt')));
    await assert.rejects(
      laneUp({
        lane: 'blue',
        services: [{ name: 'room', path: files.path('room/main.ts') }],
        dataDir: files.path('data'),
      }),
      refusal('LANE_IN_USE', new RegExp(`lane blue is up already \\(process ${blue.supervisor.pid}\\)`)),
    );
  }));

test('a service with a public port has one of its own in a lane, beside the address of the fleet', () =>
  withFleet(async (fleet, files) => {
    using starting = ctx.withTimeout(60_000);
    const services = { web: files.path('web/main.ts') };
    await using blue = await startLane(starting, 'blue', { dataDir: files.path('data'), services });

    const [, own = ''] = await blue.printed(starting, /^web {6}(http:\S+)$/m);
    const [, app = ''] = await blue.printed(starting, /^app {6}(http:\S+)$/m);
    const [, baseline = ''] = await fleet.printed(/^app {6}(http:\S+)$/m);
    const answer = (await (await fetch(own)).json()) as { instance: string };

    assert.equal(answer.instance, 'web-blue-1');
    assert.equal(new URL(app).port, new URL(baseline).port);
  }));

test('the address of a lane leads to a changed gateway, and to the one of the fleet when that has ended', async () => {
  using files = project();
  gatewayService(files, 'web', 'web');
  gatewayService(files, 'web-blue', 'web');
  fleetFile(files, { web: '{ port: 0 }' });
  await using fleet = runFleet(files);
  const [, baseline = ''] = await fleet.printed(/^app {6}(http:\S+)$/m);
  await fleet.ready();
  using starting = ctx.withTimeout(60_000);
  const services = { web: files.path('web-blue/main.ts') };
  await using blue = await startLane(starting, 'blue', { dataDir: files.path('data'), services });
  const [, app = ''] = await blue.printed(starting, /^app {6}(http:\S+)$/m);
  const untilAnsweredBy = async (code: string) => {
    while ((await answerOf(app)).code !== code) assert.equal(starting.err(), undefined, code);
  };

  await untilAnsweredBy('web-blue');
  assert.equal((await answerOf(baseline)).code, 'web');
  await blue.stop(starting);

  await untilAnsweredBy('web');
});

/** Names below `localhost` are not resolved everywhere: asks there and names the host. */
async function answerOf(url: string): Promise<{ readonly code: string }> {
  const { port, host } = new URL(url);
  const sent = request({ host: '127.0.0.1', port, headers: { host, connection: 'close' }, agent: false });
  const [response] = await once(sent.end(), 'response');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return JSON.parse(text);
}

test('a lane ends with its fleet', () =>
  withFleet(async (fleet, files) => {
    await using blue = await blueBeside(files);

    process.kill(fleet.process.pid!, 'SIGTERM');
    using ending = ctx.withTimeout(60_000);
    await blue.printed(ending, /the fleet \(process \d+\) has ended: draining 1 process/);
    await blue.printed(ending, /all processes have ended/);
  }));

test('what a lane cannot run is refused with what to do', () =>
  withFleet(async (_fleet, files) => {
    const up = (name: string, path: string, lane = 'blue') =>
      laneUp({ lane, services: [{ name, path }], dataDir: files.path('data') });

    await assert.rejects(up('rom', 'x.ts'), refusal('UNKNOWN_SERVICE', /no service "rom" \(did you mean "room"\?\)/));
    await assert.rejects(
      up('room', 'nowhere.ts'),
      refusal('NO_SUCH_FILE', /--service room=nowhere\.ts: there is no such/),
    );
    await assert.rejects(up('room', 'x.ts', 'a_b'), refusal('INVALID_LANE', /"a_b" is no name of a lane/));
  }));

test('where no fleet runs no lane can be up', async () => {
  using files = project();
  const options = { lane: 'blue', services: [{ name: 'room', path: 'x.ts' }], dataDir: files.path('data') };

  await assert.rejects(laneUp(options), refusal('NO_FLEET', /start one with flotilla up/));
  await assert.rejects(listLanes(files.path('data')), refusal('NO_FLEET', /start one with flotilla up/));
});

test('lanes are listed by name and service, without the baseline', () => {
  const instance = (id: string, service: string, lane: string) => instanceOf(id, { service, lane });

  const lanes = lanesOf([
    ...[instance('room-2', 'room', 'red'), instance('room-1', 'room', ''), instance('room-1', 'room', 'red')],
    ...[instance('rank-1', 'rank', 'red'), instance('room-3', 'room', 'blue')],
  ]);

  assert.deepEqual(
    lanes.map(({ lane, service, instances }) => [lane, service, ...instances]),
    [
      ['blue', 'room', 'room-3'],
      ['red', 'rank', 'rank-1'],
      ['red', 'room', 'room-1', 'room-2'],
    ],
  );
});
