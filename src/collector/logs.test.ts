import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogsAnswer } from './index.ts';
import { logsJson, spanIdOf, traceIdOf } from './testdata/otlp-json.ts';
import { startRig } from './testdata/rig.ts';

describe('log lines', () => {
  it('are found by words, phrases, attributes, service, level, trace and time, newest first', async () => {
    await using rig = await startRig();
    const at = 1_700_000_000_000;
    const lines = [
      { message: 'room opened', timeMs: at, severity: 9, attributes: { room: 'r-7' } },
      {
        message: 'gift refused: room closed',
        timeMs: at + 1,
        severity: 13,
        attributes: { room: 'r-8', code: 'failed_precondition' },
      },
      { message: 'Opened the café', timeMs: at + 2, severity: 17, traceId: traceIdOf(9) },
    ];
    await rig.post('logs', logsJson('room', lines));
    await rig.post('logs', logsJson('gift', [{ message: 'gift sent', timeMs: at + 3, severity: 5 }]));

    const found = async (query: string) =>
      (await rig.get<LogsAnswer>(`/api/logs?${query}`)).logs.map(({ message }) => message);

    assert.deepEqual(await found(''), ['gift sent', 'Opened the café', 'gift refused: room closed', 'room opened']);
    assert.deepEqual(await found('q=opened'), ['Opened the café', 'room opened']);
    assert.deepEqual(await found('q="room+opened"'), ['room opened']);
    assert.deepEqual(await found('q=cafe'), ['Opened the café']);
    assert.deepEqual(await found('q=room:r-8'), ['gift refused: room closed']);
    assert.deepEqual(await found('q=code:failed*+gift'), ['gift refused: room closed']);
    assert.deepEqual(await found('service=gift'), ['gift sent']);
    assert.deepEqual(await found('level=warn'), ['Opened the café', 'gift refused: room closed']);
    assert.deepEqual(await found(`trace=${traceIdOf(9)}`), ['Opened the café']);
    assert.deepEqual(await found(`since=${at + 1}&until=${at + 2}&limit=1`), ['Opened the café']);
    const all = await rig.get<LogsAnswer>('/api/logs');
    assert.deepEqual(await found(`before=${all.logs[2]!.id}`), ['room opened']);
    const { id: _, ...shown } = all.logs[1]!;
    assert.deepEqual(shown, {
      timeMs: at + 2,
      level: 'error',
      service: 'room',
      instance: 'room-1',
      message: 'Opened the café',
      traceId: traceIdOf(9),
      spanId: spanIdOf(1),
      attributes: {},
    });
  });

  it('of a trace without spans make no trace', async () => {
    await using rig = await startRig();
    await rig.post('logs', logsJson('room', [{ message: 'not sampled', traceId: traceIdOf(5) }]));

    const { traces } = await rig.get<{ traces: unknown[] }>('/api/traces');
    const { logs } = await rig.get<LogsAnswer>(`/api/logs?trace=${traceIdOf(5)}`);

    assert.deepEqual([traces, logs.map(({ message }) => message)], [[], ['not sampled']]);
  });
});
