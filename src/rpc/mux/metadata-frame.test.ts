import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultFields } from '../../call/index.ts';
import { Sink } from '../codec/sink.ts';
import { Source } from '../codec/source.ts';
import { CallHeadReader, writeHead } from './call-head.ts';
import { decodePairs, encodePairs } from './metadata-frame.ts';
import { MuxViolation } from './protocol.ts';

const pairs = ['a', '', 'x-long', 'x'.repeat(8_000), 'raw-bin', 'AAEC'];

describe('metadata on the wire of mux', () => {
  test('of an answer come as they went', () => {
    const bytes = encodePairs(pairs);

    assert.deepEqual(decodePairs(new Source(bytes), bytes.length).flat(), pairs);
    assert.deepEqual(decodePairs(new Source(encodePairs([])), 0), []);
  });

  test('of an answer that are cut off anywhere are refused, unless the cut is between two values', () => {
    const short = encodePairs(['a', '1', 'bc', '23']);

    for (let end = 0; end < short.length; end++) {
      const cut = short.slice(0, end);
      if (end === 0 || end === 4) assert.equal(decodePairs(new Source(cut), end).length, end / 4);
      else assert.throws(() => decodePairs(new Source(cut), end), RangeError, String(end));
    }
  });

  const headOf = (given: readonly string[]) => {
    const sink = new Sink();
    sink.reset();
    writeHead(sink, 7, 50, { ...defaultFields, tenant: 'acme', attempt: 1, outgoing: { pairs: given, answers: [] } });
    return sink.finish();
  };
  const read = (bytes: Uint8Array, end = bytes.length) => {
    const reader = new CallHeadReader();
    reader.read(new Source(bytes), end, 16_384);
    return reader;
  };

  test('of a call come with its fields, and the next head has none of them', () => {
    const { fields, metadata, timeoutMs } = read(headOf(pairs));
    assert.deepEqual([fields.tenant, fields.attempt, timeoutMs, metadata], ['acme', 1, 50, pairs]);

    const reader = new CallHeadReader();
    for (const [given, found] of [
      [pairs, pairs],
      [[], undefined],
    ] as const) {
      const bytes = headOf(given);
      reader.read(new Source(bytes), bytes.length, 16_384);
      assert.deepEqual(reader.metadata, found);
    }
  });

  test('of a call that are cut off, or too many, break the connection', () => {
    const bytes = headOf(['a', '1', 'bc', '23']);
    for (let end = bytes.length - 1; end > bytes.length - 8; end--)
      assert.throws(() => read(bytes.slice(0, end), end), MuxViolation, String(end));

    const many = Array.from({ length: 2 * 129 }, () => 'a');
    assert.throws(() => read(headOf(many)), MuxViolation);
    assert.equal(read(headOf(many.slice(2))).metadata?.length, 2 * 128);
  });
});
