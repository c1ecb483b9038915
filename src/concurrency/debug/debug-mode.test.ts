import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

function environment(setting: string | undefined): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, FLOTILLA_DEBUG: __, ...env } = process.env;
  return setting === undefined ? env : { ...env, FLOTILLA_DEBUG: setting };
}

function program(file: string): string {
  return fileURLToPath(new URL(`testdata/${file}`, import.meta.url));
}

function run(setting: string | undefined, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: environment(setting),
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Runs a text as a program that has the tools of this area. */
function runText(setting: string | undefined, text: string) {
  const from = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const imports = `
    import { chan } from ${from('../channel/local-channel.ts')};
    import { background } from ${from('../context/context-tree.ts')};
    import { go } from ${from('../group/go.ts')};
    import { dumpTasks, listTasks } from ${from('debug-mode.ts')};
    import { sleep } from ${from('../time/wait.ts')};`;
  return run(setting, '--input-type=module-typescript', '-e', imports + text);
}

test('a program in which only parked tasks are left ends with a report of them and exit code 2', () => {
  const { status, stdout, stderr } = run('concurrency', program('deadlock.ts'));

  assert.deepEqual([status, stdout], [2, '']);
  const reported = stderr.replace(/\d+ ms/g, 'N ms').replace(/:\d+:\d+/g, '');
  const file = 'src/concurrency/debug/testdata/deadlock.ts';
  assert.equal(
    reported,
    `flotilla: deadlock: nothing is left that could wake what still waits

outside of tasks
  waits for N ms: wait for a group (2 tasks run, 0 wait)
    at main (${file})
    at ${file}

[1] task shop, started N ms ago
    at main (${file})
    at ${file}
  waits for N ms: recv on chan "bills" (unbuffered)
    at shop (${file})

[2] task bank, started N ms ago
    at main (${file})
    at ${file}
  waits for N ms: recv on chan "orders" (unbuffered)
    at bank (${file})

`,
  );
});

test('a top-level await among those that wait for ever ends with exit code 2 too, beside the warning of Node', () => {
  const { status, stderr } = run('concurrency', program('deadlock.ts'), '--top-level');

  assert.equal(status, 2);
  assert.match(stderr, /unsettled top-level await[\s\S]*flotilla: deadlock/);
});

test('without the setting the same programs end as Node ends them', () => {
  for (const setting of [undefined, '', 'rpc', 'concurrency2,rpc']) {
    assert.deepEqual(run(setting, program('deadlock.ts')), { status: 0, stdout: '', stderr: '' });
  }
  assert.equal(run(undefined, program('deadlock.ts'), '--top-level').status, 13);
});

test('the setting is a list', () => {
  assert.equal(run('rpc, concurrency', program('deadlock.ts')).status, 2);
});

test('a program that ends its work is told nothing, whatever work beforeExit brings', () => {
  const { status, stderr } = runText(
    'concurrency',
    `
    const jobs = chan();
    const worker = go(background(), async () => { while ((await jobs.recv(background())) !== undefined); });
    process.once('beforeExit', () => setImmediate(() => jobs.close()));
    await worker;
    await sleep(background().withTimeout(1000), 1);`,
  );

  assert.deepEqual([status, stderr], [0, '']);
});

test('an exit that the program chooses is no deadlock, and its own failure code stays', () => {
  const waits = 'void chan().recv(background());';

  const chosen = runText('concurrency', `${waits} setImmediate(() => process.exit(0));`);
  const late = runText('concurrency', `${waits} process.on('beforeExit', () => setImmediate(() => process.exit(0)));`);
  const failed = runText('concurrency', `${waits} process.exitCode = 3;`);

  assert.deepEqual([chosen.status, chosen.stderr], [0, '']);
  assert.deepEqual([late.status, late.stderr], [0, '']);
  assert.equal(failed.status, 3);
  assert.match(failed.stderr, /deadlock/);
});

test('a thread in a deadlock reports it and ends with code 2, and the others go on', () => {
  const thread = JSON.stringify(program('deadlock.ts'));
  const { status, stdout, stderr } = runText(
    'concurrency',
    `
    import { Worker } from 'node:worker_threads';
    new Worker(${thread}, { execArgv: [] }).on('exit', (code) => console.log('thread ended with', code));`,
  );

  assert.deepEqual([status, stdout], [0, 'thread ended with 2\n']);
  assert.match(stderr, /^flotilla: deadlock: [\s\S]*task bank/);
});

test('dumpTasks prints to stderr, listTasks gives the data', () => {
  const { stdout, stderr } = runText(
    'concurrency',
    `
    const jobs = chan(2, { name: 'jobs' });
    go(background(), async function outer() { await go(background(), async function inner() { await jobs.recv(background()); }); });
    dumpTasks();
    console.log(JSON.stringify(listTasks().map(({ id, name, parent, hasEnded, waits }) =>
      [id, name, parent, hasEnded, waits.map(({ what }) => what)])));
    jobs.close();`,
  );

  assert.match(stderr, /^flotilla: tasks\n\n\[1\] task outer, .*[\s\S]*\[2\] task inner, started \d+ ms ago by \[1\]/);
  assert.deepEqual(JSON.parse(stdout), [
    [1, 'task outer', 0, false, []],
    [2, 'task inner', 1, false, ['recv on chan "jobs" (0 of 2)']],
  ]);
});

test('a wait that ends with its own block since an await is missing is told of once for each place', () => {
  const { status, stderr } = runText(
    'concurrency',
    `
    async function forgets() {
      using ctx = background().withTimeout(1000);
      return chan(0, { name: 'jobs' }).recv(ctx);
    }
    for (let i = 0; i < 3; i++) await forgets().catch(() => undefined);`,
  );

  assert.equal(status, 0);
  assert.match(
    stderr,
    /await is missing.*\n\n {2}waits for \d+ ms: recv on chan "jobs" \(unbuffered\)\n {4}at forgets \(/,
  );
  assert.equal(stderr.match(/flotilla:/g)?.length, 1);
});

test('a wait that its block ends after a while is not told of', () => {
  const { status, stderr } = runText(
    'concurrency',
    `
    async function race() {
      using ctx = background().withTimeout(1000);
      const loser = (async () => { await chan().recv(ctx); })().catch(() => undefined);
      await Promise.race([loser, Promise.resolve(1)]);
    }
    await race();`,
  );

  assert.deepEqual([status, stderr], [0, '']);
});

test('a helper that waits again in the turn in which its block ends is not told of', () => {
  const { status, stderr } = runText(
    'concurrency',
    `
    const jobs = chan<number>();
    async function helper(ctx) {
      for (;;) await jobs.recv(ctx);
    }
    async function owner() {
      using ctx = background().withCancel();
      helper(ctx).catch(() => undefined);
      await sleep(ctx, 1);
      await jobs.send(ctx, 1);
    }
    await owner();`,
  );

  assert.deepEqual([status, stderr], [0, '']);
});

test('without the setting dumpTasks says how to get it', () => {
  const { stdout, stderr } = runText(undefined, 'dumpTasks(); console.log(listTasks().length);');

  assert.match(stderr, /FLOTILLA_DEBUG=concurrency/);
  assert.equal(stdout, '0\n');
});

test('SIGQUIT prints all tasks and the program goes on', { skip: process.platform === 'win32' }, async () => {
  const child = spawn(process.execPath, [program('signal.ts')], { cwd: root, env: environment('concurrency') });
  const closed = once(child, 'close');
  let printed = '';
  await once(child.stdout, 'data');

  child.kill('SIGQUIT');
  for await (const chunk of child.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    printed += chunk;
    if (printed.endsWith('\n\n')) break;
  }
  child.stdin.end('go on');

  assert.match(printed, /\[1\] task worker, [\s\S]* recv on chan "jobs" \(0 of 4\)\n {4}at worker \(/);
  assert.deepEqual(await closed, [0, null]);
});
