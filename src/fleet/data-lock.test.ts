import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { lockDataDir } from './data-lock.ts';
import { project } from './testdata/project.ts';

test('a data directory is made, claimed, and free again after release', () => {
  using files = project();
  const directory = files.path('deep/data');

  lockDataDir(directory).release();
  const again = lockDataDir(directory);

  assert.ok(existsSync(files.path('deep/data/fleet.pid')));
  again.release();
  assert.ok(!existsSync(files.path('deep/data/fleet.pid')));
});

test('refuses while the process that claimed it lives, and takes over when it is gone', async () => {
  using files = project();
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await new Promise((resolve) => other.once('spawn', resolve));
  lockDataDir(files.directory, other.pid);

  assert.throws(
    () => lockDataDir(files.directory),
    new RegExp(`another fleet \\(process ${other.pid}\\) works in .*--data-dir`),
  );

  other.kill('SIGKILL');
  await new Promise((resolve) => other.once('exit', resolve));
  lockDataDir(files.directory).release();
});

test('a claim of another process with the same id is stale', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, () => {
  using files = project();
  files.write('fleet.pid', `${process.ppid} 1\n`);

  lockDataDir(files.directory).release();
});

test('a directory that cannot be made is told with the flag', () => {
  using files = project();
  const file = files.write('file', '');

  assert.throws(() => lockDataDir(`${file}/data`), /the data directory cannot be used: .*--data-dir/);
});

test('a claim ends with its process', () => {
  using files = project();
  const source = `import { lockDataDir } from ${JSON.stringify(`${import.meta.dirname}/data-lock.ts`)}; lockDataDir(${JSON.stringify(files.directory)});`;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', source]);
  assert.equal(status, 0);

  lockDataDir(files.directory).release();
});
