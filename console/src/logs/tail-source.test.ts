import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openTail } from './tail-source.ts';

class FakeSource extends EventTarget {
  static last: FakeSource | undefined;
  isClosed = false;

  constructor() {
    super();
    FakeSource.last = this;
  }

  close(): void {
    this.isClosed = true;
  }
}

it('a tail says how many lines the collector could not send, and closes with its signal', (t) => {
  const { EventSource: real } = globalThis;
  Object.assign(globalThis, { EventSource: FakeSource });
  t.after(() => Object.assign(globalThis, { EventSource: real }));
  const leaving = new AbortController();
  const lost: number[] = [];
  openTail({
    url: '/api/logs/tail',
    signal: leaving.signal,
    onLines: () => {},
    onLost: (count) => void lost.push(count),
    onState: () => {},
  });

  FakeSource.last!.dispatchEvent(new MessageEvent('dropped', { data: '{"count":17}' }));
  leaving.abort();

  assert.deepEqual([lost, FakeSource.last!.isClosed], [[17], true]);
});
