import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { eachLine } from './lines.ts';
import { readChildMessage } from './protocol.ts';

async function linesOf(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await new Promise((resolve) => stream.once('end', resolve));
  return lines;
}

test('gives whole lines, however they are cut, and the last one without an end', async () => {
  const euro = new TextEncoder().encode('€\n');

  assert.deepEqual(await linesOf('a\nb', 'c\r\n\n', 'd'), ['a', 'bc', '', 'd']);
  assert.deepEqual(await linesOf(euro.slice(0, 1), euro.slice(1)), ['€']);
});

test('gives a line without end in pieces', async () => {
  const lines = await linesOf('x'.repeat(50_000), 'x'.repeat(50_000), '\nnext\n');

  assert.deepEqual([lines.map(({ length }) => length), lines.at(-1)], [[100_000, 0, 4], 'next']);
});

const messages: readonly (readonly [value: unknown, read: unknown])[] = [
  [undefined, undefined],
  ['ready', undefined],
  [{ type: 'other' }, undefined],
  [{ type: 'listen' }, undefined],
  [{ type: 'draining', more: 1 }, { type: 'draining' }],
  [
    { type: 'listen', name: 'http', service: 'web' },
    { type: 'listen', name: 'http', service: 'web' },
  ],
  [
    { type: 'ready', endpoints: [{ name: 'rpc', url: 'http://a' }, { name: 1 }] },
    { type: 'ready', endpoints: [{ name: 'rpc', url: 'http://a' }] },
  ],
  [{ type: 'ready' }, { type: 'ready', endpoints: [] }],
  [{ type: 'failed' }, { type: 'failed', message: 'no message' }],
];
for (const [value, read] of messages) {
  test(`reads ${JSON.stringify(value)} as ${JSON.stringify(read)}`, () =>
    assert.deepEqual(readChildMessage(value), read));
}
