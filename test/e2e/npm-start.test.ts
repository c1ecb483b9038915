import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { background, sleep } from 'flotilla/concurrency';
import { descendants } from 'flotilla/testing';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Started {
  readonly npm: ChildProcess;
  readonly output: () => string;
  readonly printed: (pattern: RegExp) => Promise<void>;
  readonly exited: Promise<number | null>;
}

/** `npm start` as a terminal starts it: npm leads a process group of its own. What is left of that at the end is killed. */
function npmStart(t: TestContext, dataDir: string, args: readonly string[] = []): Started {
  const npm = spawn('npm', ['start', '--', '--port', '0', '--console-port', '0', ...args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FLOTILLA_DATA_DIR: dataDir, NO_COLOR: '1' },
  });
  t.after(() => killGroup(npm.pid!));
  let text = '';
  for (const stream of [npm.stdout!, npm.stderr!])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const exited = new Promise<number | null>((resolve) => npm.once('close', resolve));
  const printed = async (pattern: RegExp) => {
    using ctx = background().withTimeout(60_000, 'npm start did not print what was expected');
    while (!pattern.test(text)) {
      if (npm.exitCode !== null) throw new Error(`npm start ended:\n${text}`);
      await sleep(ctx, 50).catch((error) => {
        throw new Error(`${pattern} was not printed:\n${text}`, { cause: error });
      });
    }
  };
  return { npm, output: () => text, printed, exited };
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nothing is left of it, as it should be.
  }
}

async function gone(pids: readonly number[]): Promise<void> {
  using ctx = background().withTimeout(60_000);
  while (pids.some((pid) => existsSync(`/proc/${pid}`))) await sleep(ctx, 50);
}

async function withDataDir(work: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'flotilla-start-'));
  try {
    await work(dataDir);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const endings: readonly {
  readonly title: string;
  readonly end: (npm: ChildProcess) => void;
  readonly code: number | null | undefined;
}[] = [
  {
    title: 'Ctrl-C, which the terminal sends to the whole group',
    end: (npm) => process.kill(-npm.pid!, 'SIGINT'),
    code: 0,
  },
  { title: 'SIGTERM to npm', end: (npm) => npm.kill('SIGTERM'), code: undefined },
  { title: 'SIGKILL to npm', end: (npm) => npm.kill('SIGKILL'), code: null },
];

for (const { title, end, code } of endings) {
  test(`npm start ends with ${title} and leaves no process`, (t) =>
    withDataDir(async (dataDir) => {
      const started = npmStart(t, dataDir);
      await started.printed(/^\s*console\s+http:\/\/127\.0\.0\.1:\d+/m);
      const processes = descendants(started.npm.pid!);
      assert.ok(processes.length >= 8, `${processes.length} processes: ${started.output()}`);

      end(started.npm);

      await gone(processes);
      const exit = await started.exited;
      if (code !== undefined) assert.equal(exit, code, started.output());
    }));
}

test('npm start says which port is taken and how to take another, and the other services run on', (t) =>
  withDataDir(async (dataDir) => {
    const blocker = createServer().listen(0, '127.0.0.1');
    t.after(() => blocker.close());
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as { port: number };

    const started = npmStart(t, dataDir, ['--port', String(port)]);
    await started.printed(new RegExp(`gateway[\\s\\S]*${port}[\\s\\S]*--port`));
    await started.printed(/^\s*console\s+http:\/\/127\.0\.0\.1:\d+/m);
    const processes = descendants(started.npm.pid!);
    started.npm.kill('SIGTERM');
    await gone(processes);
    await started.exited;

    assert.match(started.output(), /room-1[^\n]*http:\/\//);
  }));
