import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runLoad } from '../cli/load/run-load.ts';
import { background } from '../concurrency/index.ts';
import { fleetFile, httpService } from './testdata/http-service.ts';
import { project } from './testdata/project.ts';
import { runFleet } from './testdata/running-fleet.ts';

interface Answer {
  readonly name: string;
  readonly version: string;
  readonly instance: string;
  readonly pid: number;
  readonly setting?: string;
}

const get = async (url: string) => (await (await fetch(url)).json()) as Answer;

test('ten renewals of a service under load fail no request', async () => {
  using files = project();
  httpService(files, 'web');
  fleetFile(files, { web: '{ port: 0 }' });
  await using fleet = runFleet(files, { watch: true });
  await fleet.ready();
  const [, url = ''] = await fleet.printed(/^app +(http:\S+)$/m);
  using ctx = background().withCancel();
  const load = runLoad(ctx, {
    ...{
      url: new URL(url),
      scenario: 'get',
      ratePerSecond: 300,
      durationMs: 60_000,
      arrivals: 'poisson',
      connections: 64,
    },
    ...{ seed: 1, users: 0, rooms: 0, guests: 0, allowRemote: false },
  });

  for (let round = 1; round <= 10; round++) {
    files.edit('web/main.ts', /version = '.*'/, `version = 'v${round}'`);
    await fleet.printed(new RegExp(`(is ready and has taken over[\\s\\S]*){${round}}`));
  }
  ctx.cancel();
  const report = await load;

  // What a busy machine refuses unprocessed, and says so, is no fault of the renewal.
  const failures = report.failures.filter(({ reason }) => reason !== 'OVERLOADED');
  assert.deepEqual(failures, [], fleet.output());
  assert.ok(report.ok > 300, `${report.ok} requests`);
  assert.equal((await get(url)).version, 'v10');
});

test('colocated services share a process, each with its own name, port and environment', async () => {
  using files = project();
  for (const name of ['web', 'api', 'room']) httpService(files, name);
  fleetFile(files, { web: '{ port: 0 }', api: `{ port: 0, env: { SETTING: 'yes' } }`, room: '{ replicas: 2 }' });
  await using fleet = runFleet(files, { args: ['--colocate'] });
  await fleet.ready();
  const [, web = ''] = await fleet.printed(/^web +(http:\S+)$/m);
  const [, api = ''] = await fleet.printed(/^api +(http:\S+)$/m);

  const [first, second] = [await get(web), await get(api)];

  assert.deepEqual([first.name, first.instance, first.setting], ['web', 'web-1', undefined]);
  assert.deepEqual([second.name, second.instance, second.setting], ['api', 'api-1', 'yes']);
  assert.equal(first.pid, second.pid);
  assert.equal(new Set(fleet.pids()).size, 2);
});

test('a service that cannot share a process is told by name', async () => {
  using files = project();
  httpService(files, 'web');
  files.write('room/main.ts', 'export const start = () => {};');
  fleetFile(files, { web: '{ port: 0 }', room: '{}' });

  await using fleet = runFleet(files, { args: ['--colocate'] });

  await fleet.printed(/colocated failed to start: room cannot share a process: .*room\/main\.ts does not export main/);
});
