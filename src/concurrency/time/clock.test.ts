import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { yieldNow } from '../parking/turns.ts';
import { systemClock } from './clock.ts';

failOnLeaks();

const clockModule = new URL('./clock.ts', import.meta.url).href;

/** What a program with the system clock prints until it ends by itself. */
function run(program: string): string {
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `import { systemClock } from ${JSON.stringify(clockModule)}; ${program}`],
    { encoding: 'utf8', timeout: 60_000 },
  );
  assert.equal(status, 0, 'it ends by itself');
  return stdout;
}

test('a timer fires once, not before its time, and not after it was stopped', async () => {
  const fired: string[] = [];
  const started = systemClock.now();
  const { promise, resolve } = Promise.withResolvers<number>();

  const stopped = systemClock.after(1, () => fired.push('stopped'));
  systemClock.after(20, () => resolve(systemClock.now()));
  systemClock.at(started + 10, () => fired.push('at'));
  assert.equal(stopped.stop(), true);
  assert.equal(stopped.stop(), false);

  const firedAt = await promise;
  assert.ok(firedAt - started >= 20, `${firedAt - started} ms`);
  assert.deepEqual(fired, ['at']);
});

test('a time that has passed fires with a later turn, not within the call', async () => {
  let fired = false;
  const { promise, resolve } = Promise.withResolvers<void>();

  systemClock.at(0, () => {
    fired = true;
    resolve();
  });

  assert.equal(fired, false);
  await promise;
  assert.equal(fired, true);
});

test('an earlier timer is not held up by a later one that was armed before', async () => {
  const fired: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = systemClock.after(60_000, () => fired.push(60_000));

  systemClock.after(5, () => {
    fired.push(5);
    resolve();
  });
  await promise;

  assert.deepEqual(fired, [5]);
  late.stop();
  await yieldNow();
});

test('a pending timer keeps the process alive, a stopped one does not', () => {
  assert.equal(run('systemClock.after(20, () => console.log("fired"));'), 'fired\n');
  assert.equal(run('systemClock.after(1e6, () => console.log("fired")).stop();'), '');
  // Armed again after the platform's timer was left for dead.
  assert.equal(
    run(`systemClock.after(100, () => {}).stop();
      setImmediate(() => setImmediate(() => systemClock.after(200, () => console.log('fired'))));`),
    'fired\n',
  );
  // The same, for a time before all that the wheel knows.
  assert.equal(
    run(`systemClock.at(0, () => {}).stop();
      setImmediate(() => systemClock.at(-1, () => console.log('fired')));`),
    'fired\n',
  );
});

test('a timer that never comes due keeps the process alive too', () => {
  const program = `const timer = systemClock.after(Infinity, () => {});
    setTimeout(() => { console.log('alive'); timer.stop(); }, 20).unref();`;

  assert.equal(run(program), 'alive\n');
});

test('a timer that throws surfaces as an uncaught exception, and the others fire', () => {
  const program = `process.on('uncaughtException', ({ message }) => console.log(message));
    systemClock.at(1, () => { throw new Error('thrown'); });
    systemClock.at(1, () => console.log('other'));`;

  assert.deepEqual(run(program).trim().split('\n').sort(), ['other', 'thrown']);
});
