import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonLines } from './json-lines.ts';

async function read(chunks: readonly (string | Uint8Array)[], maxLineChars?: number): Promise<unknown[]> {
  async function* body() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
  }
  return Array.fromAsync(jsonLines(body(), maxLineChars === undefined ? {} : { maxLineChars }));
}

describe('jsonLines', () => {
  const cases: [what: string, chunks: readonly string[], expected: readonly unknown[]][] = [
    ['nothing', [], []],
    ['several lines of one chunk', ['{"a":1}\n{"a":2}\n'], [{ a: 1 }, { a: 2 }]],
    ['a line of several chunks', ['{"a"', ':', '1}\n'], [{ a: 1 }]],
    ['a last line without its end', ['1\n2'], [1, 2]],
    ['empty lines', ['\n1\n\r\n\n2\r\n'], [1, 2]],
  ];
  for (const [what, chunks, expected] of cases) {
    it(`reads ${what}`, async () => assert.deepEqual(await read(chunks), expected));
  }

  it('reads letters that are cut in two', async () => {
    const bytes = new TextEncoder().encode('"ü"\n');

    assert.deepEqual(await read([bytes.slice(0, 2), bytes.slice(2)]), ['ü']);
  });

  it('refuses what is no JSON, whole or cut', async () => {
    await assert.rejects(read(['{"a":\n']), { code: 'data_loss', reason: 'MALFORMED_RESPONSE' });
    await assert.rejects(read(['{"a":']), { code: 'data_loss', reason: 'MALFORMED_RESPONSE' });
  });

  it('refuses a line without an end', async () => {
    await assert.rejects(read(['"aaaa', 'aaaa', 'aaaa'], 10), {
      code: 'resource_exhausted',
      reason: 'RESPONSE_TOO_LARGE',
    });
  });
});
