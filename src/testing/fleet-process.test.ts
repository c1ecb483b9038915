import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background, rootContext } from '../concurrency/index.ts';
import { startFleet } from './fleet-process.ts';
import { virtualClock } from './virtual-clock.ts';

/** A command that stands in the place of `flotilla up`: as the prefix it gets the whole command as its arguments. */
const fake = (program: string) => [process.execPath, '-e', program];
const addresses = `
  console.log('  app  http://127.0.0.1:1');
  console.log('  console  http://127.0.0.1:2');
  setInterval(() => {}, 1000);`;

describe('startFleet', () => {
  it('gives both addresses, passes flags and environment on, and stops with the exit code', async () => {
    const program = `
      console.log(JSON.stringify([process.argv.slice(3), process.env.EXTRA, process.env.FLOTILLA_WATCH_PARENT]));
      process.on('SIGTERM', () => process.exit(3));
      ${addresses}`;

    const fleet = await startFleet(background(), 'fleet.ts', {
      dataDir: '/tmp/data',
      port: 7,
      consolePort: 8,
      args: ['--colocate'],
      env: { EXTRA: 'x' },
      prefix: fake(program),
    });
    const code = await fleet.stop(background());

    assert.deepEqual([fleet.app, fleet.console], ['http://127.0.0.1:1', 'http://127.0.0.1:2']);
    const [args, extra, parent] = JSON.parse(fleet.output().split('\n')[0] ?? '');
    assert.deepEqual(args, [
      ...['up', 'fleet.ts', '--port', '7', '--console-port', '8'],
      ...['--data-dir', '/tmp/data', '--no-watch', '--colocate'],
    ]);
    assert.deepEqual([extra, parent], ['x', String(process.pid)]);
    assert.deepEqual([code, await fleet.stop(background())], [3, 3]);
  });

  it('says what was printed by a fleet that ends at its start', async () => {
    const prefix = fake(`console.error('port 8080 is taken'); process.exitCode = 1;`);

    await assert.rejects(startFleet(background(), 'fleet.ts', { dataDir: '/tmp/data', prefix }), {
      reason: 'FLEET_NOT_STARTED',
      message: /port 8080 is taken/,
    });
  });

  it('says that its command could not be started', async () => {
    await assert.rejects(startFleet(background(), 'fleet.ts', { dataDir: '/tmp/data', prefix: ['/nowhere/taskset'] }), {
      reason: 'FLEET_NOT_STARTED',
      message: /\/nowhere\/taskset ENOENT/,
    });
  });

  it('kills at the end of its block what does not stop in time, with what it has started', async () => {
    const clock = virtualClock();
    const ctx = rootContext(clock);
    const program = `
      process.on('SIGTERM', () => console.log('no'));
      const idle = ['-e', 'setInterval(() => {}, 1000)'];
      require('node:child_process').spawn(process.execPath, idle, { stdio: 'inherit' });
      ${addresses}`;
    const fleet = await startFleet(ctx, 'fleet.ts', { dataDir: '/tmp/data', prefix: fake(program) });

    const ended = fleet[Symbol.asyncDispose]();
    await fleet.printed(ctx, /no/);
    await clock.advance(20_000);
    // The child holds the pipe to the test open: the fleet has ended only when both have.
    await ended;

    assert.equal(fleet.supervisor.signalCode, 'SIGKILL');
    await assert.rejects(fleet.printed(ctx, /never/), { code: 'aborted' });
  });
});
