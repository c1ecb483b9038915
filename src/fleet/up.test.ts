import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { gone } from './testdata/harness.ts';
import { type Project, project } from './testdata/project.ts';
import { type RunningFleet, type RunningFleetOptions, runFleet, webAndRoom } from './testdata/running-fleet.ts';

async function withFleet(
  work: (fleet: RunningFleet, files: Project) => Promise<void>,
  options: RunningFleetOptions = {},
  prepare: (files: Project) => void = () => {},
): Promise<void> {
  using files = project();
  webAndRoom(files);
  prepare(files);
  await using fleet = runFleet(files, options);
  await work(fleet, files);
}

test('prints a line for each process that is ready, then where the app and the console are, and both answer', () =>
  withFleet(async (fleet) => {
    await fleet.ready();
    const [, app = ''] = await fleet.printed(/^app {6}(http:\/\/127\.0\.0\.1:\d+)$/m);
    const [, console = ''] = await fleet.printed(/^console {2}(http:\/\/127\.0\.0\.1:\d+)$/m);

    const lines = fleet.output().split('\n');
    assert.match(lines[0] ?? '', /^flotilla {2}fleet\.ts: 2 services in 4 processes$/);
    for (const name of ['backend', 'web-1', 'room-1', 'room-2']) {
      assert.equal(lines.filter((line) => line.startsWith(`  ✓ ${name} `)).length, 1, fleet.output());
    }
    const answer = (await (await fetch(app)).json()) as { registry: string };
    assert.equal(answer.registry, console);
    assert.equal((await fetch(`${console}/registry/v1/services`)).status, 200);
  }));

const endings: readonly (readonly [title: string, end: (pid: number) => void, exit: number | string])[] = [
  ['Ctrl-C, which the terminal sends to the whole group', (pid) => process.kill(-pid, 'SIGINT'), 0],
  [
    'one Ctrl-C that arrives four times',
    (pid) => {
      process.kill(-pid, 'SIGINT');
      for (const delayMs of [10, 30, 60]) setTimeout(() => killIfAlive(pid, 'SIGINT'), delayMs);
    },
    0,
  ],
  ['SIGTERM', (pid) => process.kill(pid, 'SIGTERM'), 0],
  ['SIGHUP of a closed terminal', (pid) => process.kill(pid, 'SIGHUP'), 0],
  ['SIGKILL of the supervisor', (pid) => process.kill(pid, 'SIGKILL'), 'SIGKILL'],
];
for (const [title, end, exit] of endings) {
  test(`${title} ends every process`, () =>
    withFleet(async (fleet) => {
      await fleet.ready();
      const pids = fleet.pids();
      assert.equal(pids.length, 4);

      end(fleet.process.pid!);

      assert.equal(await fleet.exited, exit, fleet.output());
      await gone(pids);
    }));
}

function killIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It drained sooner.
  }
}

test('the death of the process that started it ends every process', () =>
  withFleet(
    async (fleet) => {
      await fleet.ready();
      const pids = fleet.pids();

      fleet.process.kill('SIGKILL');

      await gone(pids);
      await fleet.printed(/which started this, is gone: draining 4 processes/);
    },
    { watchParent: true },
  ));

test('a second Ctrl-C ends what still drains at once', () =>
  withFleet(
    async (fleet, files) => {
      await fleet.ready();
      const pids = fleet.pids();
      process.kill(fleet.process.pid!, 'SIGINT');
      await fleet.printed(/draining 4 processes/);
      await new Promise((resolve) => setTimeout(resolve, 350));

      process.kill(fleet.process.pid!, 'SIGINT');

      assert.equal(await fleet.exited, 130, fleet.output());
      await gone(pids);
      assert.ok(files.directory.length > 0);
    },
    {},
    (files) => files.edit('web/main.ts', 'await sleep(100);', 'await sleep(100_000);'),
  ));

test('a service that cannot start is told with its cause and the fix, once, while the others run', () =>
  withFleet(
    async (fleet) => {
      await fleet.ready();
      await fleet.printed(/^app +http:\S+$/m);

      const output = fleet.output();
      assert.match(output, /ERROR room-[12] failed to start: SyntaxError.*\n +room\/main\.ts:\d+\n/);
      assert.match(
        output,
        /fix: correct room\/main\.ts:\d+ and save: it starts again by itself\n +meanwhile: the others run on/,
      );
      assert.equal(output.match(/failed to start/g)?.length, 1, output);
    },
    {},
    (files) => files.edit('room/main.ts', 'const version =', 'const const version ='),
  ));

test('a corrected file starts a service that could not start, and a changed one renews it', () =>
  withFleet(
    async (fleet, files) => {
      await fleet.ready();
      assert.match(fleet.output(), /web-1 failed to start/);

      files.edit('web/main.ts', 'const const version', 'const version');
      await fleet.printed(/web\/main\.ts changed: renewing web\n/);
      await fleet.printed(/web-1 is ready/);
      const [, app = ''] = await fleet.printed(/address=(http:\S+)/);
      files.edit('web/main.ts', `version = 'one'`, `version = 'two'`);
      await fleet.printed(/web-1 is ready and has taken over/);

      const answer = (await (await fetch(app)).json()) as { version: string };
      assert.equal(answer.version, 'two');
    },
    { watch: true },
    (files) => files.edit('web/main.ts', 'const version =', 'const const version ='),
  ));

test('with --no-watch a changed file changes nothing', () =>
  withFleet(async (fleet, files) => {
    await fleet.ready();

    files.edit('web/main.ts', `version = 'one'`, `version = 'two'`);
    process.kill(fleet.pids()[3]!, 'SIGKILL');
    await fleet.printed(/was killed by SIGKILL[\s\S]*is ready/);

    assert.doesNotMatch(fleet.output(), /renewing/);
  }));

test('a taken console port is told with its holder, and the fleet runs with another', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => blocker.once('listening', resolve));
  const { port } = blocker.address() as { port: number };
  await withFleet(
    async (fleet) => {
      await fleet.ready();

      const taken = `the console cannot listen on port ${port}: it is taken by process ${process.pid} `;
      assert.ok(fleet.output().includes(taken), fleet.output());
      assert.match(fleet.output(), /--console-port \(or FLOTILLA_CONSOLE_PORT\)/);
      const [, other = ''] = await fleet.printed(/^console +(http:\S+)/m);
      assert.equal((await fetch(`${other}/registry/v1/services`)).status, 200);
    },
    { args: ['--console-port', String(port)] },
  );
  blocker.close();
});

test('a second fleet in the same data directory is refused', () =>
  withFleet(async (fleet, files) => {
    await fleet.ready();

    await using second = runFleet(files);

    assert.equal(await second.exited, 1);
    assert.match(
      second.output(),
      new RegExp(`^flotilla: another fleet \\(process ${fleet.process.pid}\\) works in .*--data-dir`),
    );
  }));

test('settings come from the environment where no flag gives them', () =>
  withFleet(
    async (fleet) => {
      await fleet.printed(/"message":"console http.*\n/);
      const lines = fleet.output().trimEnd().split('\n');

      assert.ok(
        lines.every((line) => typeof JSON.parse(line) === 'object'),
        fleet.output(),
      );
    },
    { env: { FLOTILLA_LOG_FORMAT: 'json', FLOTILLA_PORT: '' } },
  ));
