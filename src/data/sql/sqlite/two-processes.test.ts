import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { background } from '../../../concurrency/index.ts';
import { cleanup } from '../../../testing/cleanup.ts';
import { openSql } from '../index.ts';
import { type LoadTables, loadMigrations } from './testdata/write-load.ts';

const program = fileURLToPath(new URL('./testdata/write-load.ts', import.meta.url));
/** Per process. The full count, 3,000 each, is in test/soak. */
const count = Number(process.env.FLOTILLA_SQL_WRITES ?? 300);

describe('one SQLite file in several processes', () => {
  it(`migrates once and fails none of ${2 * count} read-and-write transactions`, async (t) => {
    const file = await temporaryFile(t);

    const outcomes = await Promise.all(['one', 'two'].map((name) => finish(start(t, file, count, name))));

    for (const { lines, errors } of outcomes) {
      assert.equal(lines.at(-1), '{"failed":0}', errors);
    }
    const state = await readState(t, file);
    assert.equal(state.counter, 2 * count);
    assert.equal(state.ids.size, 2 * count);
  });

  it('keeps every acknowledged write of a process that is killed with SIGKILL', async (t) => {
    const file = await temporaryFile(t);
    const child = start(t, file, 1_000_000, 'killed');

    let seen = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString().split('\n').length - 1;
      if (seen >= 100) child.kill('SIGKILL');
    });
    const { lines } = await finish(child);

    const state = await readState(t, file);
    assert.ok(lines.length >= 100);
    assert.deepEqual(
      lines.filter((id) => !state.ids.has(id)),
      [],
    );
    assert.equal(state.counter, state.ids.size);
  });
});

async function temporaryFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-test-'));
  cleanup(t, () => rm(folder, { recursive: true, force: true }));
  return join(folder, 'load.sqlite');
}

function start(t: TestContext, file: string, writes: number, name: string): ChildProcess {
  const child = spawn(process.execPath, [program, file, String(writes), name], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  cleanup(t, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

/** The whole lines that the process wrote until it ended. */
async function finish(child: ChildProcess): Promise<{ lines: string[]; errors: string }> {
  let out = '';
  let errors = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  await once(child, 'close');
  return { lines: out.split('\n').slice(0, -1), errors };
}

async function readState(t: TestContext, file: string): Promise<{ counter: number; ids: Set<string> }> {
  const sql = await openSql<LoadTables>({ url: `sqlite:${file}`, migrations: loadMigrations, maxRows: 1_000_000 });
  cleanup(t, () => sql.close());
  return await sql.read(background(), async (db) => {
    const { value } = await db.selectFrom('counter').select('value').executeTakeFirstOrThrow();
    const rows = await db.selectFrom('entry').select('id').execute();
    return { counter: value, ids: new Set(rows.map((row) => row.id)) };
  });
}
