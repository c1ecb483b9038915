import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../concurrency/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { otlpReceiver } from '../testdata/otlp-receiver.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { readRetryAfterMs, send } from './send.ts';

const body = new Uint8Array([1]);
const options = { clock: systemClock, timeoutMs: 5000, headers: {} };

function partialSuccess(rejected: number, reason: string): Uint8Array {
  const writer = new ProtobufWriter();
  const message = writer.open(1);
  writer.uint(1, rejected);
  writer.string(2, reason);
  writer.close(message);
  return writer.toBytes();
}

describe('send', () => {
  for (const status of [429, 502, 503, 504]) {
    it(`calls ${status} worth another try`, async () => {
      await using receiver = await otlpReceiver();
      receiver.answerWith({ status, headers: { 'retry-after': '7' } });

      const sent = await send(body, { ...options, url: receiver.url });

      assert.deepEqual(sent, { kind: 'retry', retryAfterMs: 7000, cause: `HTTP status ${status}` });
    });
  }

  for (const status of [400, 401, 404, 413, 500, 501]) {
    it(`calls ${status} final`, async () => {
      await using receiver = await otlpReceiver();
      receiver.answerWith({ status });

      const sent = await send(body, { ...options, url: receiver.url });

      assert.deepEqual(sent, { kind: 'failed', cause: `HTTP status ${status}` });
    });
  }

  for (const length of [0, 3, 200, 20_000]) {
    it(`counts what was rejected with a reason of ${length} characters`, async () => {
      await using receiver = await otlpReceiver();
      receiver.answerWith({ status: 200, body: partialSuccess(7, 'x'.repeat(length)) });

      const sent = await send(body, { ...options, url: receiver.url });

      assert.deepEqual(sent, { kind: 'ok', rejected: 7 });
    });
  }

  it('follows no redirect', async () => {
    await using receiver = await otlpReceiver();
    receiver.answerWith({ status: 307, headers: { location: `${receiver.url}/elsewhere` } });

    const sent = await send(body, { ...options, url: receiver.url });

    assert.deepEqual([sent.kind, receiver.received.length], ['retry', 1]);
  });

  it('sends the headers it is given', async () => {
    await using receiver = await otlpReceiver();

    await send(body, { ...options, url: receiver.url, headers: { 'x-key': 'k' } });

    assert.equal(receiver.received[0]!.headers['x-key'], 'k');
  });

  it('gives up a request that takes too long', async () => {
    await using receiver = await otlpReceiver();
    receiver.answerWith({ status: 200, hang: true });
    const clock = virtualClock();

    const sending = send(body, { ...options, url: receiver.url, clock });
    await receiver.count(1);
    await clock.advance(5000);

    assert.deepEqual(await sending, { kind: 'retry', retryAfterMs: undefined, cause: 'no answer in time' });
  });

  it('says why nobody answers', async () => {
    const receiver = await otlpReceiver();
    await receiver[Symbol.asyncDispose]();

    const sent = await send(body, { ...options, url: receiver.url });

    assert.deepEqual(sent, { kind: 'retry', retryAfterMs: undefined, cause: 'ECONNREFUSED' });
  });
});

describe('readRetryAfterMs', () => {
  const cases: readonly (readonly [string | null, number | undefined])[] = [
    [null, undefined],
    ['5', 5000],
    ['100000', 60_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
  ];
  for (const [header, expected] of cases) {
    it(`reads ${header} as ${expected}`, () => assert.equal(readRetryAfterMs(header), expected));
  }
});
