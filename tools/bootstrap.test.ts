import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly printed: (pattern: RegExp) => Promise<void>;
  readonly status: Promise<number | null>;
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const { promise: status, resolve } = Promise.withResolvers<number | null>();
  const seen = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (const check of seen) check();
    });
  child.on('close', resolve);
  const printed = (pattern: RegExp) =>
    new Promise<void>((done, failed) => {
      const check = () => pattern.test(text) && done();
      seen.add(check);
      check();
      status.then(() => failed(new Error(`${pattern} was not printed:\n${text}`)));
    });
  return { child, output: () => text, printed, status };
}

/** A clone with nothing but the bootstrap, an npm that is this shell script, and a bench that says it runs. */
function fakeClone(t: TestContext, npm: string) {
  const clone = mkdtempSync(join(tmpdir(), 'flotilla-bootstrap-'));
  t.after(() => rmSync(clone, { recursive: true, force: true }));
  cpSync(join(root, 'tools'), join(clone, 'tools'), { recursive: true });
  for (const folder of ['bin', 'bench', 'node_modules', '.flotilla']) mkdirSync(join(clone, folder));
  writeFileSync(join(clone, 'package-lock.json'), '{}');
  writeFileSync(join(clone, 'bench', 'main.ts'), `console.log('bench', process.argv.slice(2));`);
  writeFileSync(join(clone, 'bin', 'npm'), `#!/bin/sh\n${npm}\n`, { mode: 0o755 });
  const env = { PATH: `${clone}/bin:${process.env.PATH}`, npm_execpath: '/usr/lib/node_modules/yarn/bin/yarn.js' };
  const bench = (subject = 'x') => start([join(clone, 'tools/bootstrap.mjs'), 'bench', subject], env);
  return { clone, bench };
}

test('an unknown script is refused with the names of those that there are', async () => {
  const { status, output } = start([join(root, 'tools/bootstrap.mjs'), 'strat']);

  assert.equal(await status, 2);
  assert.match(output(), /no script "strat"; there are: start, test/);
});

test('npm’s output is shown when the installation fails, with what to do', async (t) => {
  const { bench } = fakeClone(t, 'echo "ENETDOWN the network is down" >&2; exit 7');

  const { status, output } = bench();

  assert.equal(await status, 1);
  assert.match(output(), /✗ install packages/);
  assert.match(output(), /the network is down[\s\S]*exit code 7[\s\S]*could not be installed/);
});

test('two commands at once install once, and a second time nothing is installed', async (t) => {
  const { clone, bench } = fakeClone(t, 'echo installed >>installs; until [ -e go ]; do sleep 0.05; done');

  const both = [bench(), bench()];
  await Promise.any(both.map(({ printed }) => printed(/another command installs the packages/)));
  writeFileSync(join(clone, 'go'), '');
  assert.deepEqual(await Promise.all(both.map(({ status }) => status)), [0, 0]);
  assert.equal(await bench().status, 0);

  for (const { output } of both) assert.match(output(), /bench \[ 'x' \]/);
  assert.equal(readFileSync(join(clone, 'installs'), 'utf8'), 'installed\n');
});

test('the peers of a bench are installed once, on its first use, and again when their lock changed', async (t) => {
  const { clone, bench } = fakeClone(t, 'mkdir -p node_modules; pwd >>"$(dirname "$0")/../installs"');
  const peers = join(clone, 'bench', 'peers');
  mkdirSync(peers);
  writeFileSync(join(peers, 'package-lock.json'), '{}');
  const installs = () =>
    readFileSync(join(clone, 'installs'), 'utf8')
      .trim()
      .split('\n')
      .filter((folder) => folder === peers);

  assert.equal(await bench('x').status, 0);
  assert.deepEqual(installs(), []);
  assert.equal(await bench('concurrency').status, 0);
  assert.equal(await bench('concurrency').status, 0);
  assert.deepEqual(installs(), [peers]);
  writeFileSync(join(peers, 'package-lock.json'), '{ }');
  assert.equal(await bench('concurrency').status, 0);
  assert.deepEqual(installs(), [peers, peers]);
});

test('a lock that nobody touches any more is taken over', async (t) => {
  const { clone, bench } = fakeClone(t, 'exit 0');
  const lock = join(clone, '.flotilla', 'install.lock');
  writeFileSync(lock, `${process.pid}\n`);
  utimesSync(lock, new Date(), new Date(Date.now() - 60_000));

  assert.equal(await bench().status, 0);

  assert.equal(existsSync(lock), false);
});

test('a signal during the installation ends npm first and leaves no lock', async (t) => {
  const { clone, bench } = fakeClone(
    t,
    `trap 'echo ended >ended; exit 1' TERM; echo >started; while :; do sleep 0.05; done`,
  );
  const { child, status } = bench();
  while (!existsSync(join(clone, 'started'))) await new Promise(setImmediate);

  child.kill('SIGTERM');

  assert.equal(await status, 143);
  assert.equal(readFileSync(join(clone, 'ended'), 'utf8'), 'ended\n');
  assert.equal(existsSync(join(clone, '.flotilla', 'install.lock')), false);
});

for (const way of ['execve', 'spawn'] as const) {
  const program = `
    process.on('SIGTERM', () => process.exit(7));
    setInterval(() => {}, 1000);
    console.log('up', process.env.FLOTILLA_WATCH_PARENT === String(process.ppid), process.env.FLOTILLA_WATCH_PARENT);`;
  const become = (options: string) => [
    '--input-type=module',
    '-e',
    `import { become } from ${JSON.stringify(new URL('./bootstrap/exec.mjs', import.meta.url).href)};
     if (${way === 'spawn'}) process.execve = undefined;
     become(process.execPath, ['-e', ${JSON.stringify(program)}], ${options});`,
  ];

  test(`the program gets signals and gives its exit code (${way})`, async () => {
    const { child, printed, status } = start(become('{ endsWithParent: true }'));
    await printed(/up true \d+/);

    child.kill('SIGTERM');

    assert.equal(await status, 7);
  });

  test(`a program that need not end with its parent is told of none, nor of another's (${way})`, async () => {
    const { child, printed, status } = start(become('{}'), { FLOTILLA_WATCH_PARENT: '1' });
    await printed(/up false undefined/);

    child.kill('SIGTERM');

    assert.equal(await status, 7);
  });
}
