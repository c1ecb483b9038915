import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../concurrency/index.ts';
import { Slot } from './slot.ts';
import { type Event, gone, harness, unit } from './testdata/harness.ts';
import { project } from './testdata/project.ts';

const isReady = (slot: string) => (event: Event) => event.type === 'ready' && event.slot === slot;
const hasFailed = (slot: string) => (event: Event) => event.type === 'failed' && event.slot === slot;
const times = (events: readonly Event[], is: (event: Event) => boolean) => events.filter(is).length;

test('runs every replica as a process of its own and spreads the connections of a public port over them', async () => {
  using files = project();
  const units = [unit('web', files.service('web'), { replicas: 2, port: 0 }), unit('room', files.service('room'))];
  await using fleet = await harness({ units });
  await fleet.until('three ready', (events) => events.length === 3);

  const seen = new Set<string>();
  // Whoever has time accepts.
  while (seen.size < 2) {
    const answers = await Promise.all([1, 2, 3, 4].map(() => fleet.get('web')));
    for (const { instance } of answers) seen.add(instance);
  }

  assert.deepEqual([...seen].sort(), ['web-1', 'web-2']);
  assert.equal(new Set(fleet.supervisor.pids).size, 3);
});

test('a connection that comes before the first process is ready waits for it', async () => {
  using files = project();
  await using fleet = await harness({ units: [unit('web', files.service('web'), { port: 0 })] });
  assert.equal(fleet.events.length, 0);

  const { version } = await fleet.get('web');

  assert.equal(version, 'one');
});

test('restarts a replica that is killed, and the calls meanwhile go to the other', async () => {
  using files = project();
  await using fleet = await harness({ units: [unit('web', files.service('web'), { replicas: 2, port: 0 })] });
  await fleet.until('two ready', (events) => events.length === 2);
  const { pid } = await fleet.get('web');

  process.kill(pid, 'SIGKILL');
  await gone([pid]);
  const during = await Promise.all([1, 2, 3, 4].map(() => fleet.get('web')));
  await fleet.until('a third start', (events) => times(events, ({ type }) => type === 'ready') === 3);

  assert.equal(during.length, 4);
  const failure = fleet.events.find(({ type }) => type === 'failed');
  assert.equal(failure?.type === 'failed' && failure.failure.exit.signal, 'SIGKILL');
  assert.equal(new Set(fleet.supervisor.pids).size, 2);
});

test('a connection waits while the only process is restarted', async () => {
  using files = project();
  await using fleet = await harness({ units: [unit('web', files.service('web'), { port: 0 })] });
  const { pid } = await fleet.get('web');
  process.kill(pid, 'SIGKILL');
  await gone([pid]);

  const after = await fleet.get('web');

  assert.notEqual(after.pid, pid);
  assert.equal(after.instance, 'web-1.2');
});

test('a changed source file renews its service alone, and no call fails', async () => {
  using files = project();
  const units = [unit('web', files.service('web'), { port: 0, replicas: 2 }), unit('room', files.service('room'))];
  await using fleet = await harness({ units, fleetFile: files.path('fleet.ts') });
  await fleet.until('three ready', (events) => events.length === 3);
  const versions = new Set<string>();
  let calling = true;
  const caller = async () => {
    while (calling) versions.add((await fleet.get('web', '/slow')).version);
  };
  const callers = [caller(), caller(), caller()];

  files.edit('web/main.ts', "'one'", "'two'");
  const renewed = await fleet.supervisor.change([files.path('web/main.ts')]);
  await fleet.until(
    'web ready again',
    (events) => times(events, isReady('web-1')) === 2 && times(events, isReady('web-2')) === 2,
  );
  calling = false;
  await Promise.all(callers);

  assert.deepEqual(renewed, ['web']);
  assert.deepEqual((await fleet.get('web')).version, 'two');
  assert.deepEqual([...versions], ['one', 'two'].slice(0, versions.size));
  assert.equal(times(fleet.events, isReady('room-1')), 1);
  assert.equal(
    times(fleet.events, ({ type }) => type === 'failed'),
    0,
  );
});

test('a file that is saved during a restart does not fail it', async () => {
  using files = project();
  const entry = files.service('room');
  const ready = Promise.withResolvers<void>();
  const slot = new Slot({
    unit: unit('room', entry),
    name: 'room-1',
    doors: [],
    clock: systemClock,
    random: () => 0.5,
    env: () => ({ ...process.env }),
    events: { line() {}, ready: () => ready.resolve(), failed: () => assert.fail('a process failed') },
  });
  slot.start();
  await ready.promise;

  const renewal = slot.renew();
  slot.change();

  assert.ok('ready' in (await renewal));
  await slot.stop();
});

test('a change with a syntax error keeps the old process, and the next good change replaces it', async () => {
  using files = project();
  const web = files.service('web');
  await using fleet = await harness({ units: [unit('web', web, { port: 0 })] });
  const { pid } = await fleet.get('web');

  files.edit('web/main.ts', "const version = 'one'", 'const version = ');
  await fleet.supervisor.change([web]);
  await fleet.until('a failure', (events) => events.some(hasFailed('web-1')));
  const broken = await fleet.get('web');
  files.edit('web/main.ts', 'const version = ;', "const version = 'three';");
  await fleet.supervisor.change([web]);
  await fleet.until('a good start', (events) => times(events, isReady('web-1')) === 2);
  const repaired = await fleet.get('web');

  assert.equal(broken.pid, pid);
  assert.equal(repaired.version, 'three');
  const failed = fleet.events.find(({ type }) => type === 'failed');
  assert.equal(failed?.type === 'failed' && failed.failure.serving, true);
  assert.match(failed?.type === 'failed' ? failed.failure.exit.errorLines.join('\n') : '', /SyntaxError/);
});

test('a service that ends at once is tried again later and later, and the others run on', async () => {
  using files = project();
  const bad = files.write('bad/main.ts', 'throw new TypeError("no such thing");');
  await using fleet = await harness({ units: [unit('bad', bad), unit('web', files.service('web'), { port: 0 })] });

  await fleet.until('three failures', (events) => times(events, hasFailed('bad-1')) >= 3);

  const waits = fleet.events.flatMap((event) => (event.type === 'failed' ? [event.failure.retryMs] : []));
  assert.deepEqual(waits.slice(0, 3), [75, 150, 300]);
  assert.equal((await fleet.get('web')).version, 'one');
});

test('a process that never becomes ready is ended and counts as failed', async () => {
  using files = project();
  const stuck = files.write('stuck/main.ts', 'setInterval(() => {}, 1000);');
  await using fleet = await harness({ units: [unit('stuck', stuck, { readyTimeoutMs: 300 })] });

  await fleet.until('a failure', (events) => events.some(hasFailed('stuck-1')));

  const [failed] = fleet.events;
  assert.match(
    failed?.type === 'failed' ? String(failed.failure.exit.failure) : '',
    /did not become ready within 300 ms/,
  );
});

test('stop lets running calls end, takes no new ones and leaves no process', async () => {
  using files = project();
  const fleet = await harness({
    units: [unit('web', files.service('web'), { port: 0 }), unit('room', files.service('room'))],
  });
  await fleet.until('two ready', (events) => events.length === 2);
  const { pids } = fleet.supervisor;
  const running = fleet.get('web', '/slow');
  await fleet.get('web');

  const stopped = fleet.supervisor.stop(20_000);
  const { version } = await running;
  await stopped;

  assert.equal(version, 'one');
  await gone(pids);
  await assert.rejects(fleet.get('web'));
  assert.deepEqual(fleet.supervisor.pids, []);
});

test('stop kills what does not drain within the limit', async () => {
  using files = project();
  const fleet = await harness({ units: [unit('web', files.service('web'), { port: 0 })] });
  await fleet.get('web');
  const { pids } = fleet.supervisor;
  const wedged = fetch(`${fleet.url('web')}/wedge`).catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));

  await fleet.supervisor.stop(300);

  await gone(pids);
  await wedged;
});

test('a taken public port is told with its holder, the service and the flag, and opens when it is free', async () => {
  using files = project();
  const { createServer } = await import('node:net');
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => blocker.once('listening', resolve));
  const { port } = blocker.address() as { port: number };
  const units = [unit('web', files.service('web'), { port }), unit('room', files.service('room'))];
  await using fleet = await harness({ units });
  await fleet.until('both ready', (events) => events.length === 2);

  assert.match(
    fleet.said.join('\n'),
    new RegExp(`web cannot listen on port ${port}: it is taken by process ${process.pid} `),
  );
  assert.match(fleet.said.join('\n'), /--port \(or FLOTILLA_PORT\)/);
  await new Promise((resolve) => blocker.close(resolve));
  await fleet.until('the port to open', () => fleet.said.some((line) => line.includes(`port ${port} is free now`)));
  assert.equal((await fleet.get('web')).version, 'one');
});

test('a client that leaves while it waits harms nobody', async () => {
  using files = project();
  await using fleet = await harness({ units: [unit('web', files.service('web'), { port: 0 })] });
  const { port } = new URL(fleet.url('web'));
  const socket = connect(Number(port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.destroy();

  assert.equal((await fleet.get('web')).version, 'one');
});
