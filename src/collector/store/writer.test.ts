import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { cleanup } from '../../testing/cleanup.ts';
import { answer } from '../query/answer.ts';
import type { LogsAnswer } from '../query/find-logs.ts';
import { ReadChunks } from '../query/read-chunks.ts';
import { logsJson, spanIdOf, traceIdOf, tracesJson } from '../testdata/otlp-json.ts';
import { listChunks } from './chunk-files.ts';
import { Writer } from './writer.ts';

const minBytes = 4 * 1024 * 1024;

function directory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-writer-'));
  cleanup(t, () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function open(t: TestContext, dir: string, notices: string[] = []): Writer {
  const writer = new Writer({ dir, maxBytes: minBytes, onNotice: (text) => void notices.push(text) });
  let isClosed = false;
  const close = writer.close.bind(writer);
  writer.close = () => {
    if (!isClosed) close();
    isClosed = true;
  };
  cleanup(t, () => writer.close());
  return writer;
}

function send(writer: Writer, signal: 'logs' | 'traces', message: unknown): void {
  writer.ingest(signal, 'json', new TextEncoder().encode(JSON.stringify(message)), false);
}

const forever = { sinceMs: 0, untilMs: 9e12 };

function messages(dir: string, q = '', limit = 1000): string[] {
  const chunks = new ReadChunks(dir);
  const query = { q, trace: '', service: '', level: 0, limit, before: Number.MAX_SAFE_INTEGER, ...forever };
  const { logs } = answer(chunks.list(), { kind: 'logs', query }) as LogsAnswer;
  chunks.close();
  return logs.map(({ message }) => message);
}

function bytesOf(dir: string): number {
  return listChunks(dir).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Lines whose text does not compress or repeat: about 2 KB each with their index. */
function batch(from: number, lines: number): unknown {
  let seed = from + 1;
  const word = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed.toString(36).padStart(10, 'x');
  };
  const words = () => Array.from({ length: 40 }, word).join(' ');
  return logsJson(
    'room',
    Array.from({ length: lines }, (_, i) => ({ message: `line ${from + i} ${words()}` })),
  );
}

describe('Writer', () => {
  it('rejects times that could not be read back, and stores the rest', (t) => {
    const dir = directory(t);
    const writer = open(t, dir);
    const log = (message: string, timeMs: number) => ({ message, timeMs });
    const bytes = JSON.stringify(logsJson('room', [log('late', 1e13), log('fine', Date.now())]));

    const { rejected, rejection } = writer.ingest('logs', 'json', new TextEncoder().encode(bytes), false);

    assert.deepEqual([rejected, rejection], [1, 'a log line has a time out of range: before 1970 or after 2255']);
    assert.deepEqual(messages(dir), ['fine']);
  });

  it('rejects a span that ends in a time that could not be read back', (t) => {
    const dir = directory(t);
    const writer = open(t, dir);
    const spans = [1e13, 5].map((durationMs, i) => ({ traceId: traceIdOf(i + 1), spanId: spanIdOf(1), durationMs }));

    send(writer, 'traces', tracesJson('room', spans));

    const chunks = new ReadChunks(dir);
    const query = { service: '', minDurationMs: 0, error: undefined, q: '', limit: 10, ...forever };
    const { traces } = answer(chunks.list(), { kind: 'traces', query }) as { traces: { traceId: string }[] };
    chunks.close();
    assert.deepEqual(
      traces.map(({ traceId }) => traceId),
      [traceIdOf(2)],
    );
  });

  it('stays within its bound by deleting the oldest, and keeps the newest', (t) => {
    const dir = directory(t);
    const writer = open(t, dir);

    let most = 0;
    for (let n = 0; n < 100; n++) {
      send(writer, 'logs', batch(n * 100, 100));
      most = Math.max(most, bytesOf(dir));
    }

    assert.ok(most <= minBytes, `${most} bytes`);
    assert.ok(listChunks(dir).length >= 3, 'only a part was deleted');
    assert.deepEqual(messages(dir, '"line 9999"').length, 1);
    assert.deepEqual(messages(dir, '"line 0"').length, 0);
  });

  it('goes on where a new file could not be made for a while', (t) => {
    const dir = directory(t);
    const writer = open(t, dir);
    const exec = DatabaseSync.prototype.exec;
    const broken = t.mock.method(DatabaseSync.prototype, 'exec', function (this: DatabaseSync, sql: string) {
      if (sql.includes('CREATE TABLE')) throw new Error('database or disk is full');
      exec.call(this, sql);
    });
    const fill = (from: number) => {
      for (let i = 0; i < 10; i++) send(writer, 'logs', batch(from + i * 100, 100));
    };
    assert.throws(() => fill(0));

    broken.mock.restore();
    fill(1000);

    assert.ok(listChunks(dir).length > 1);
    assert.ok(messages(dir).length > 1000 - 1);
  });

  it('gives lines ids that grow over files and restarts', (t) => {
    const dir = directory(t);
    const first = open(t, dir);
    for (let n = 0; n < 12; n++) send(first, 'logs', batch(n * 100, 100));
    first.close();
    const second = open(t, dir);
    send(second, 'logs', logsJson('room', [{ message: 'newest' }]));

    const found = messages(dir, '', 10_000);

    assert.equal(found[0], 'newest');
    const numbers = found.slice(1).map((message) => Number(message.split(' ')[1]));
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => b - a),
    );
  });

  it('keeps everything across a restart', (t) => {
    const dir = directory(t);
    const before = open(t, dir);
    send(before, 'logs', logsJson('room', [{ message: 'before' }]));
    before.close();

    const after = open(t, dir);
    send(after, 'logs', logsJson('room', [{ message: 'after' }]));

    assert.deepEqual(messages(dir), ['after', 'before']);
    assert.equal(listChunks(dir).length, 1);
  });

  const damages: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    [
      'a file that is no database',
      (path) => writeFileSync(path, 'not a database at all, but long enough to look at'.repeat(100)),
      /is damaged/,
    ],
    [
      'a file with a damaged page',
      (path) => {
        const bytes = readFileSync(path);
        bytes.fill(0x5a, 4096 * 3, 4096 * 12);
        writeFileSync(path, bytes);
      },
      /is damaged/,
    ],
    [
      'a file of another version',
      (path) => {
        const db = new DatabaseSync(path);
        db.exec('PRAGMA user_version = 99');
        db.close();
      },
      /is of another version \(schema version 99/,
    ],
  ];
  for (const [what, damage, notice] of damages) {
    it(`moves ${what} aside, says so, and starts a new one`, (t) => {
      const dir = directory(t);
      const before = open(t, dir);
      send(before, 'logs', batch(0, 50));
      before.close();
      damage(listChunks(dir)[0]!.path);
      const notices: string[] = [];

      const after = open(t, dir, notices);
      send(after, 'logs', logsJson('room', [{ message: 'after' }]));

      assert.deepEqual(messages(dir, 'after'), ['after']);
      assert.match(notices.join(), notice);
      assert.equal(readdirSync(dir).filter((name) => /\.(corrupt|outdated)$/.test(name)).length, 1);
    });
  }

  it('moves all files aside that a program of another version wrote: none of them can be read', (t) => {
    const dir = directory(t);
    open(t, dir).close();
    const [first] = listChunks(dir);
    copyFileSync(
      first!.path,
      first!.path.replace(
        /(\d+)\.db$/,
        (_, number: string) => `${String(Number(number) + 1).padStart(number.length, '0')}.db`,
      ),
    );
    const db = new DatabaseSync(listChunks(dir)[0]!.path);
    db.exec('PRAGMA user_version = 1');
    db.close();
    assert.equal(listChunks(dir).length, 2);

    const after = open(t, dir);
    send(after, 'logs', logsJson('room', [{ message: 'after' }]));

    assert.deepEqual(messages(dir, 'after'), ['after']);
    assert.equal(listChunks(dir).length, 1);
    assert.equal(readdirSync(dir).filter((name) => name.endsWith('.outdated')).length, 2);
  });

  it('keeps at most two files that were moved aside', (t) => {
    const dir = directory(t);

    for (let i = 0; i < 4; i++) {
      open(t, dir).close();
      writeFileSync(listChunks(dir)[0]!.path, 'nothing'.repeat(1000));
    }
    open(t, dir).close();

    assert.equal(readdirSync(dir).filter((name) => name.endsWith('.corrupt')).length, 2);
  });

  it('leaves a request that is malformed without a trace', (t) => {
    const dir = directory(t);
    const writer = open(t, dir);

    assert.throws(() => writer.ingest('logs', 'protobuf', new Uint8Array([0xff]), false), { reason: 'MALFORMED_OTLP' });

    assert.deepEqual(messages(dir), []);
  });

  it('puts a trace together that lies in two files', (t) => {
    const dir = directory(t);
    const writer = open(t, dir);
    const traceId = traceIdOf(7);
    send(
      writer,
      'traces',
      tracesJson('room', [{ traceId, spanId: spanIdOf(2), parentSpanId: spanIdOf(1), startMs: 1001, durationMs: 5 }]),
    );
    for (let n = 0; n < 4; n++) send(writer, 'logs', batch(n * 100, 100));
    send(
      writer,
      'traces',
      tracesJson('gateway', [{ traceId, spanId: spanIdOf(1), name: 'root', startMs: 1000, durationMs: 20 }]),
    );
    assert.ok(listChunks(dir).length > 1);

    const chunks = new ReadChunks(dir);
    const query = { service: '', minDurationMs: 0, error: undefined, q: '', limit: 10, ...forever };
    const list = answer(chunks.list(), { kind: 'traces', query }) as { traces: unknown[] };
    const trace = answer(chunks.list(), { kind: 'trace', query: { traceId } }) as {
      spans: unknown[];
      durationMs: number;
    };
    chunks.close();

    assert.deepEqual(list.traces, [
      {
        traceId,
        rootService: 'gateway',
        rootName: 'root',
        startMs: 1000,
        durationMs: 20,
        spanCount: 2,
        error: false,
        services: ['gateway', 'room'],
      },
    ]);
    assert.deepEqual([trace.spans.length, trace.durationMs], [2, 20]);
  });
});
