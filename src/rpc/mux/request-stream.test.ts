import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '@bufbuild/protobuf';
import { Source } from '../codec/source.ts';
import { pair, TestInbound } from './engines.fixture.ts';
import { RequestStream } from './request-stream.ts';

test('a message waits as it came, and is decoded when it is read', async () => {
  const decoded: string[] = [];
  const requests = new RequestStream(pair().server, new TestInbound('x'), (source, end) => {
    const text = source.asBuffer().toString('latin1', source.at, end);
    decoded.push(text);
    if (text === 'bad') throw new Error('cannot be read');
    return { $typeName: text } as Message;
  });
  const chunk = Buffer.from('--first--second--bad'.padEnd(1_000));
  for (const [at, end] of [
    [2, 7],
    [9, 15],
    [17, 20],
  ] as const) {
    const source = new Source(chunk);
    source.at = at;
    requests.push(source, end, false, 64);
  }
  // What was read of the socket is not kept for it.
  chunk.fill(0);

  assert.deepEqual(decoded, []);
  const first = await requests.next();

  assert.deepEqual([first.value.$typeName, decoded], ['first', ['first']]);
  await requests.next();
  await assert.rejects(requests.next(), /cannot be read/);
});
