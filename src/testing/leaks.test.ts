import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Starts a file of tests as a program of its own, and not as a part of this run. */
function start(file: string) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const path = fileURLToPath(new URL(`testdata/${file}`, import.meta.url));
  return spawn(process.execPath, ['--test-reporter=tap', path], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The report of each test that failed, by its name. */
function failures(tap: string): Map<string, string> {
  const reports = tap.matchAll(/^ *not ok \d+ - (.*)\n([\s\S]*?)\n +\.\.\.$/gm);
  return new Map([...reports].map(([, name, report]) => [name!, report!]));
}

test('a test fails with the list of what it leaves behind, and only that test', async () => {
  const child = start('leaking-tests.ts');
  const [output, [code]] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
  const failed = failures(output.join(''));

  assert.equal(code, 1);
  assert.deepEqual([...failed.keys()], ['parked', 'task', 'timer', 'leaks inside', 'subtest', 'fails by itself']);
  assert.match(
    failed.get('parked')!,
    /the test leaves behind:\s+outside of tasks\n\s+waits for \d+ ms: recv on chan "forgotten"/,
  );
  assert.match(failed.get('parked')!, /recv on chan "forgotten" \(unbuffered\)\n\s+at .*leaking-tests\.ts:\d+:\d+/);
  assert.match(failed.get('task')!, /\[1\] task wanderer, started \d+ ms ago\n\s+at .*leaking-tests\.ts/);
  assert.match(failed.get('timer')!, /armed for \d+ ms: timer due in \d+ ms\n\s+at .*leaking-tests\.ts/);
  assert.match(failed.get('leaks inside')!, /recv on chan "of the inner test"/);
  assert.doesNotMatch(failed.get('leaks inside')!, /of the outer test/);
  assert.match(failed.get('fails by itself')!, /error: 'its own error'/);
});

test('a test that waits for ever says for what, as soon as nothing else is left to run', async () => {
  const child = start('waits-for-ever.ts');
  let printed = '';
  for await (const chunk of child.stderr.setEncoding('utf8')) {
    printed += chunk;
    if (printed.endsWith('\n\n')) break;
  }
  child.kill();

  assert.match(
    printed,
    /^flotilla: nothing is left that could wake what still waits\n\noutside of tasks\n.*"nobody sends"/,
  );
  assert.doesNotMatch(printed, /of a test that has ended/);
});
