import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { background } from '../../concurrency/index.ts';
import type { LogLine } from '../store/log-line.ts';
import type { Store } from '../store/store.ts';
import { logsJson } from '../testdata/otlp-json.ts';
import { type Rig, startRig } from '../testdata/rig.ts';
import { tailLogs } from './tail.ts';

/** Reads server-sent events until so many have come. */
async function* events(
  rig: Rig,
  query: string,
  signal: AbortSignal,
): AsyncIterable<{ event: string; data: unknown; id: string }> {
  const response = await fetch(`${rig.url}/api/logs/tail?${query}`, { signal });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s, 2) as [string, string]),
      );
      text = text.slice(end + 2);
      if (fields.has('data')) {
        yield {
          event: fields.get('event') ?? 'message',
          id: fields.get('id') ?? '',
          data: JSON.parse(fields.get('data')!),
        };
      }
    }
  }
}

/** A store that only tells of lines. */
function fakeStore(): { readonly store: Store; emit(...messages: string[]): void; readonly listeners: number } {
  const listeners = new Set<(lines: readonly LogLine[]) => void>();
  let id = 0;
  const line = (message: string): LogLine => ({
    id: ++id,
    timeMs: 0,
    level: 'info',
    service: 'room',
    instance: '',
    message,
    traceId: null,
    spanId: null,
    attributes: {},
  });
  const unused = async () => {
    throw new Error('not asked here');
  };
  return {
    store: {
      ingest: unused,
      query: unused,
      onLogs: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: async () => {},
    },
    emit: (...messages) => {
      for (const listener of listeners) listener(messages.map(line));
    },
    get listeners() {
      return listeners.size;
    },
  };
}

describe('the live tail', () => {
  it('shows the lines that match, as the API shows them, from when it was opened', async () => {
    await using rig = await startRig();
    await rig.post('logs', logsJson('room', [{ message: 'before', severity: 17 }]));
    const leaving = new AbortController();
    const tail = events(rig, 'q=gift*&service=room&level=warn', leaving.signal)[Symbol.asyncIterator]();
    const first = tail.next();
    const more = async () => {
      await rig.post(
        'logs',
        logsJson('room', [
          { message: 'gifts refused', severity: 13 },
          { message: 'gift info', severity: 9 },
        ]),
      );
      await rig.post('logs', logsJson('gift', [{ message: 'gift elsewhere', severity: 17 }]));
      await rig.post(
        'logs',
        logsJson('room', [
          { message: 'gift failed', severity: 17 },
          { message: 'other', severity: 17 },
        ]),
      );
    };
    let isShown = false;
    void first.then(() => {
      isShown = true;
    });
    // The tail begins when the request has arrived: lines are sent until it shows the first.
    while (!isShown) await more();

    const shown = [await first, await tail.next()].map(({ value }) => value);
    const stored = await rig.get<{ logs: LogLine[] }>(`/api/logs?before=${shown[0].data.id + 1}&limit=1`);
    leaving.abort();

    assert.deepEqual([shown[0].data.message, shown[1].data.message].sort(), ['gift failed', 'gifts refused']);
    assert.deepEqual(stored.logs, [shown[0].data]);
    assert.deepEqual([shown[0].event, shown[0].id], ['message', String(shown[0].data.id)]);
  });

  it('tells a slow reader how many lines it missed', async () => {
    const { store, emit } = fakeStore();
    using ctx = background().withCancel();
    const tail = tailLogs(ctx, store, { q: '', service: '', level: 0 })[Symbol.asyncIterator]();
    const first = tail.next();
    emit('first');
    await first;

    emit(...Array.from({ length: 1500 }, (_, i) => `line ${i}`));

    assert.deepEqual((await tail.next()).value, { event: 'dropped', data: { count: 500 } });
    assert.equal((await tail.next()).value.data.message, 'line 500');
  });

  it('leaves nothing behind when its reader goes', async () => {
    const fake = fakeStore();
    const ctx = background().withCancel();
    const tail = tailLogs(ctx, fake.store, { q: '', service: '', level: 0 })[Symbol.asyncIterator]();
    const waiting = tail.next();
    assert.equal(fake.listeners, 1);

    ctx.cancel();

    await assert.rejects(waiting, { code: 'canceled' });
    assert.equal(fake.listeners, 0);
  });

  it('ends when the collector stops', async () => {
    await using rig = await startRig();
    const leaving = new AbortController();
    const tail = events(rig, '', leaving.signal)[Symbol.asyncIterator]();
    const first = tail.next();
    let isShown = false;
    void first.then(() => {
      isShown = true;
    });
    while (!isShown) await rig.post('logs', logsJson('room', [{ message: 'x' }]));

    const stopped = rig.stop();
    for (let next = await tail.next(); next.done !== true; next = await tail.next());

    await stopped;
  });
});
