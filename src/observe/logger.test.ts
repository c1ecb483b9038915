import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withFields } from '../call/index.ts';
import { background } from '../concurrency/index.ts';
import { defineErrors } from '../errors/index.ts';
import { virtualClock } from '../testing/index.ts';
import { createTelemetry, prepareLine, type TelemetryOptions } from './index.ts';
import { redacted } from './redact.ts';

const resource = { service: 'room', version: '1.0.0', instance: 'room-1' };
const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, state: '' };
const RoomErrors = defineErrors('live.room', { ROOM_CLOSED: { code: 'failed_precondition' } });

function logging(options: Partial<TelemetryOptions> = {}) {
  const lines: string[] = [];
  const clock = virtualClock();
  const write = (line: string) => void lines.push(line);
  const telemetry = createTelemetry({ resource, write, clock, runtimeMetrics: false, ...options });
  return { lines, clock, telemetry, log: telemetry.log };
}

function parsed(lines: readonly string[]): Record<string, unknown> {
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0]!) as Record<string, unknown>;
}

describe('a prepared line', () => {
  for (const format of ['json', 'pretty'] as const)
    it(`is the one that log writes, secrets hidden: ${format}`, () => {
      const { lines, log } = logging({ format });
      const ctx = withFields(background(), { trace, tenant: 'acme' });
      const fixed = { method: 'Join', time: 'a reserved name', token: 'x' };
      const more = { durationMs: 1.5, password: 'y', error: RoomErrors.ROOM_CLOSED('room 7 is closed') };
      const line = prepareLine(log, 'info', 'joined with bearer abc1234567', fixed);

      line(ctx, () => more);
      line(ctx, () => more);
      log.info(ctx, 'joined with bearer abc1234567', { ...fixed, ...more });

      const [first, second, plain] = lines;
      assert.deepEqual([first, second], [plain, plain]);
    });

  it('asks for nothing and writes nothing below the level', () => {
    const { lines, log } = logging({ level: 'warn' });
    const line = prepareLine(log, 'info', 'joined', {});

    line(background(), () => assert.fail('asked'));
    log.level = 'info';
    line(background(), () => ({ room: 7 }));

    assert.equal(parsed(lines).room, 7);
  });
});

describe('a JSON log line', () => {
  it('says when, how bad, who, what, and what the caller adds', () => {
    const { lines, log } = logging();

    log.info(background(), 'room opened', { room: 'r-7', viewers: 3 });

    const { time, ...rest } = parsed(lines);
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(rest, {
      level: 'info',
      service: 'room',
      instance: 'room-1',
      message: 'room opened',
      room: 'r-7',
      viewers: 3,
    });
    assert.ok(lines[0]!.endsWith('}\n'));
  });

  it('carries trace, tenant and lane of the call', () => {
    const { lines, log } = logging();

    log.info(withFields(background(), { trace, tenant: 'acme', lane: 'blue' }), 'x');

    const { traceId, spanId, tenant, lane } = parsed(lines);
    assert.deepEqual([traceId, spanId, tenant, lane], [trace.traceId, trace.spanId, 'acme', 'blue']);
  });

  it('prints the whole chain of an error', () => {
    const { lines, log } = logging();
    const error = RoomErrors.ROOM_CLOSED('room 7 is closed', { cause: new Error('disk full') });

    log.error(background(), 'failed', { error });

    const shown = parsed(lines).error as Record<string, string>;
    assert.deepEqual(
      [shown.name, shown.code, shown.reason, shown.message],
      ['StatusError', 'failed_precondition', 'ROOM_CLOSED', 'room 7 is closed'],
    );
    assert.match(shown.stack!, /live\.room\/ROOM_CLOSED[\s\S]*caused by: Error: disk full/);
  });

  it('keeps a field from posing as one of its own', () => {
    const { lines, log } = logging();

    log.info(background(), 'x', { time: 'then', service: 'other', level: 9 });

    const line = parsed(lines);
    assert.deepEqual(
      [line.service, line['field.service'], line['field.time'], line['field.level']],
      ['room', 'other', 'then', 9],
    );
  });

  it('hides secrets in fields, messages and errors', () => {
    const { lines, log } = logging();
    const error = new Error('login with Bearer abcdef.0123456789 refused');

    log.info(background(), 'called mysql://root:hunter2@db/x', {
      password: 'hunter2',
      request: { cookie: 'sid=1' },
      error,
    });

    assert.doesNotMatch(lines[0]!, /hunter2|sid=1|0123456789/);
    assert.equal(parsed(lines).password, redacted);
  });

  it('is never longer than its bound', () => {
    const { lines, log } = logging();
    const fields = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`field${i}`, 'x'.repeat(20_000)]));

    log.info(background(), 'y'.repeat(1e6), fields);

    assert.ok(lines[0]!.length < 100_000, `${lines[0]!.length}`);
    assert.ok(Number(parsed(lines).droppedFields) > 0);
  });

  it('is written whatever is logged', () => {
    const { lines, log } = logging();
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;

    const throwing = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('no');
      },
    });

    for (const value of [cyclic, Symbol('s'), () => 1, 10n, null, undefined, Object.create(null), throwing]) {
      log.info(background(), 'x', { value, error: value });
    }

    for (const line of lines) JSON.parse(line);
    assert.equal(lines.length, 8);
  });
});

describe('a pretty log line', () => {
  it('is one line for people', () => {
    const { lines, log } = logging({ format: 'pretty' });

    log.warn(withFields(background(), { trace }), 'slow\nroom \u001b[31m', { room: 'r-7', title: 'two words' });

    const line = lines.join('').replace(/^[\d:.]{12}/, 'TIME');
    assert.equal(line, 'TIME WARN  room-1  slow\\nroom \\u001b[31m  room=r-7 title="two words" trace=aaaaaaaa\n');
  });

  it('has no control character of a value or of an error in it', () => {
    const { lines, log } = logging({ format: 'pretty' });

    log.warn(background(), 'found', { name: '\u001b[2J', other: 'a b\u009b2J', error: new Error('\u001b]0;x\u0007') });

    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(lines.join('').replaceAll('\n', ''), /[\x00-\x1f\x7f-\x9f]/);
  });

  it('shows the chain of an error below', () => {
    const { lines, log } = logging({ format: 'pretty' });

    log.error(background(), 'failed', { error: new Error('outer', { cause: new Error('inner') }) });

    assert.match(lines[0]!, /failed[^\n]*\n {4}Error: outer\n[\s\S]*\n {4}caused by: Error: inner/);
  });
});

describe('the log level', () => {
  it('drops what is below it, and can be changed while running', () => {
    const { lines, log } = logging({ level: 'warn' });

    log.info(background(), 'dropped');
    log.level = 'debug';
    log.debug(background(), 'written');

    assert.match(lines.join(''), /^[^\n]*"message":"written"[^\n]*\n$/);
  });

  it('refuses a word that is none', () => {
    const { log } = logging();

    assert.throws(() => Object.assign(log, { level: 'loud' }), /log level "loud" is none of trace, debug/);
  });

  it('counts the lines of each', () => {
    const { log, telemetry } = logging();

    log.info(background(), 'one');
    log.error(background(), 'two');

    assert.match(telemetry.prometheus(), /log_lines_total\{level="error"\} 1\n/);
  });
});
