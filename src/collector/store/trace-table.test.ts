import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import type { SpanRow } from '../otlp/records.ts';
import { spanIdOf, traceIdOf } from '../testdata/otlp-json.ts';
import { prepareSchema, spansPerTrace } from './schema.ts';
import { parseList, TraceTable } from './trace-table.ts';

function open(): { readonly table: TraceTable; rows(): Record<string, unknown>[] } {
  const db = new DatabaseSync(':memory:');
  prepareSchema(db);
  return {
    table: new TraceTable(db),
    rows: () => db.prepare('SELECT * FROM traces ORDER BY no').all() as Record<string, unknown>[],
  };
}

interface Say {
  readonly trace?: number;
  readonly parent?: number;
  readonly service?: string;
  readonly name?: string;
  readonly startUs: number;
  readonly isError?: boolean;
}

function span({ trace = 1, parent, service = 'room', name = 'x', startUs, isError = false }: Say): SpanRow {
  return {
    emitter: { service, version: '', instance: '' },
    traceId: Uint8Array.fromHex(traceIdOf(trace)),
    spanId: Uint8Array.fromHex(spanIdOf(startUs)),
    parentSpanId: parent === undefined ? undefined : Uint8Array.fromHex(spanIdOf(parent)),
    name,
    kind: 2,
    startUs,
    durationUs: 10,
    isError,
    lane: '',
    statusMessage: '',
    attributes: '{}',
    events: '',
  };
}

describe('TraceTable', () => {
  it('numbers traces in order, and spans within them', () => {
    const { table } = open();

    const ids = [1, 2, 1].map((trace, i) => table.addSpan(span({ trace, startUs: i + 1 })));

    assert.deepEqual(ids, [spansPerTrace, 2 * spansPerTrace, spansPerTrace + 1]);
  });

  it('sums a trace up as its spans arrive, in several batches', () => {
    const { table, rows } = open();

    table.addSpan(span({ startUs: 105, parent: 1, service: 'room', name: 'GetRoom', isError: true }));
    table.flush();
    table.addSpan(span({ startUs: 100, service: 'gateway', name: 'GET /' }));
    table.addSpan(span({ startUs: 140, parent: 1, service: 'room', name: 'query' }));
    table.flush();

    const [row, ...others] = rows();
    assert.equal(others.length, 0);
    assert.deepEqual([row!.start_us, row!.end_us, row!.spans, row!.errors], [100, 150, 3, 1]);
    assert.deepEqual([row!.has_root, row!.root_service, row!.root_name], [1, 'gateway', 'GET /']);
    assert.deepEqual(parseList(String(row!.services)), ['room', 'gateway']);
    assert.deepEqual(parseList(String(row!.names)), ['GetRoom', 'GET /', 'query']);
  });

  it('names a trace after its earliest span while nobody has its root', () => {
    const { table, rows } = open();

    table.addSpan(span({ startUs: 20, parent: 1, name: 'late' }));
    table.addSpan(span({ startUs: 10, parent: 1, name: 'early' }));
    table.flush();

    assert.deepEqual([rows()[0]!.has_root, rows()[0]!.root_name], [0, 'early']);
  });

  it('bounds the names it keeps, and keeps lists readable whatever the names are', () => {
    const { table, rows } = open();

    for (let i = 0; i < 300; i++) table.addSpan(span({ startUs: i + 1, name: `line\nbreak ${i} ${'x'.repeat(500)}` }));
    table.flush();

    const names = parseList(String(rows()[0]!.names));
    assert.equal(names.length, 100);
    assert.ok(names.every((name) => name.startsWith('line break') && name.length === 100));
  });

  it('gives a new number to a trace that was forgotten', () => {
    const { table, rows } = open();
    table.addSpan(span({ startUs: 1 }));
    table.flush();

    table.forget();
    table.addSpan(span({ startUs: 2 }));
    table.flush();

    assert.deepEqual(
      rows().map(({ no, spans }) => [no, spans]),
      [
        [1, 1],
        [2, 1],
      ],
    );
  });
});
