import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { background, sleep } from '../concurrency/index.ts';
import { as } from '../errors/index.ts';
import { converse, findFleet } from './control-client.ts';
import { controlSocketPath } from './control-protocol.ts';
import { restart } from './restart.ts';
import { type Project, project } from './testdata/project.ts';
import { type RunningFleet, runFleet, webAndRoom } from './testdata/running-fleet.ts';

async function withFleet(work: (fleet: RunningFleet, files: Project) => Promise<void>): Promise<void> {
  using files = project();
  webAndRoom(files);
  await using fleet = runFleet(files);
  await fleet.ready();
  await work(fleet, files);
}

/** Runs `flotilla restart`; gives the exit code and what it prints. */
async function restarted(files: Project, services: readonly string[], isRolling = true) {
  let text = '';
  const write = (chunk: string) => {
    text += chunk;
  };
  const code = await restart({ services, isRolling, dataDir: files.path('data'), write });
  return { code, lines: text.trimEnd().split('\n') };
}

const hasReason = (reason: string, pattern: RegExp) => (error: unknown) =>
  as(error)?.reason === reason && pattern.test(String(error));

test('a rolling restart replaces one replica after the other, each when its successor serves', () =>
  withFleet(async (fleet, files) => {
    const before = fleet.pids();

    const { code, lines } = await restarted(files, ['room']);

    assert.equal(code, 0, lines.join('\n'));
    assert.deepEqual(
      lines.map((line) => line.replace(/\s+/g, ' ').replace(/\d+\.\d+ s\b/, 'N s')),
      [
        'room-1 starting a new process',
        'room-1 the new process serves after N s; the old one drains',
        'room-1 replaced (1 of 2)',
        'room-2 starting a new process',
        'room-2 the new process serves after N s; the old one drains',
        'room-2 replaced (2 of 2)',
        '2 replicas replaced in N s',
      ],
    );
    await fleet.printed(/room-2 is ready and has taken over/);
    assert.equal(new Set([...before, ...fleet.pids()]).size, 6, 'two new processes, and no other');
  }));

test('without names all services are restarted, and not the back end; without --rolling all replicas at once', () =>
  withFleet(async (fleet, files) => {
    const { code, lines } = await restarted(files, [], false);

    assert.equal(code, 0, fleet.output());
    assert.equal(lines.at(-1)?.replace(/\d+\.\d+ s\b/, 'N s'), '3 replicas replaced in N s');
    const startsOf = (name: string) => lines.findIndex((line) => line.startsWith(name) && line.includes('starting'));
    const room = lines.findIndex((line) => line.startsWith('room') && line.includes('serves'));
    assert.ok(startsOf('room-1') < room && startsOf('room-2') < room, lines.join('\n'));
    assert.ok(!lines.some((line) => line.startsWith('backend')));
  }));

test('a restart ends with the first new process that does not become ready, and the old one serves on', () =>
  withFleet(async (fleet, files) => {
    files.edit('room/main.ts', 'const version =', 'const const version =');

    const { code, lines } = await restarted(files, ['room']);

    assert.equal(code, 1);
    const text = lines.join('\n');
    assert.match(text, /given up after 0 of 2 replicas: the new process of room-1 did not become ready: SyntaxError/);
    assert.match(text, /fix: correct room\/main\.ts:\d+[\s\S]*meanwhile: the process from before goes on serving/);
    assert.doesNotMatch(text, /room-2/);
    assert.match(fleet.output(), /room-1 failed to start/);
  }));

test('an unknown service is refused with the nearest name, and a second restart while one is under way', () =>
  withFleet(async (_fleet, files) => {
    const first = restarted(files, ['web']);

    await assert.rejects(
      restarted(files, ['rom']),
      hasReason('UNKNOWN_SERVICE', /no service "rom" \(did you mean "room"\?\)/),
    );
    await assert.rejects(restarted(files, []), hasReason('RESTART_UNDER_WAY', /wait for it/));
    assert.equal((await first).code, 0);
  }));

test('a restart whose caller leaves ends after the replica that is under way', () =>
  withFleet(async (fleet, files) => {
    const request = { command: 'restart', services: ['room'], isRolling: true } as const;
    const conversation = await converse(files.path('data'), request, () => conversation.close());
    await conversation.ended;
    await fleet.printed(/room-1 is ready and has taken over/);

    // Nothing else is under way when another one is let in.
    let code: number | undefined;
    while (code === undefined) {
      await sleep(background(), 20);
      code = await restarted(files, ['web']).then(
        (result) => result.code,
        () => undefined,
      );
    }

    assert.equal(code, 0);
    assert.doesNotMatch(fleet.output(), /room-2 is ready and has taken over/);
  }));

test('where no fleet runs a restart says so, also beside the socket of one that was killed', async () => {
  using files = project();
  webAndRoom(files);
  const refused = hasReason('NO_FLEET', /no fleet runs in .*: start one with flotilla up, or .*--data-dir/);
  await assert.rejects(restarted(files, []), refused);
  await using fleet = runFleet(files);
  await fleet.ready();
  fleet.process.kill('SIGKILL');
  await fleet.exited;

  assert.ok(existsSync(controlSocketPath(files.path('data'))));
  await assert.rejects(restarted(files, []), refused);

  await using again = runFleet(files);
  await again.ready();
  assert.equal((await restarted(files, ['web'])).code, 0);
});

test('the socket is for its user only, and what is no command is refused', () =>
  withFleet(async (_fleet, files) => {
    const path = controlSocketPath(files.path('data'));
    const replies: unknown[] = [];

    const conversation = await converse(files.path('data'), { command: 'nothing' } as never, (reply) =>
      replies.push(reply),
    );
    await conversation.ended;

    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(
      replies.map((reply) => (reply as { reason: string }).reason),
      ['UNKNOWN_COMMAND'],
    );
    const socket = connect(path);
    socket.end('no json\n');
    await new Promise((resolve) => socket.resume().once('close', resolve));
  }));

test('a fleet tells what it is, and who asked learns of its end', () =>
  withFleet(async (fleet, files) => {
    const found = await findFleet(files.path('data'));

    process.kill(fleet.process.pid!, 'SIGTERM');
    await found.ended;

    assert.deepEqual(found.fleet.services, ['web', 'room']);
    assert.equal(found.fleet.fleetFile, files.path('fleet.ts'));
    assert.match(found.fleet.publicUrls.web ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
    await fleet.exited;
    assert.ok(!existsSync(controlSocketPath(files.path('data'))));
  }));

test('a data directory with a long path has its socket elsewhere', () => {
  const long = `/${'x'.repeat(120)}`;

  const path = controlSocketPath(long);

  assert.ok(path.length < 100 && path.startsWith('/'), path);
  assert.notEqual(path, controlSocketPath(`${long}y`));
});
