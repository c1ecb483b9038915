import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MergedLog, type MergedLogOptions } from './merged-log.ts';
import { palette } from './palette.ts';

const at = new Date(2026, 0, 2, 3, 4, 5, 6);
const time = at.toISOString();

function merged(options: Partial<MergedLogOptions> = {}) {
  const printed: string[] = [];
  const write = (text: string) => printed.push(text);
  const log = new MergedLog({
    write,
    palette: palette(false),
    choice: 'info',
    format: 'pretty',
    now: () => at,
    ...options,
  });
  return { log, text: () => printed.join('') };
}

const record = (fields: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ time, level: 'info', service: 'room', instance: 'room-1', message: 'room opened', ...fields });
const call = (level: string, code: string) =>
  JSON.stringify({
    time,
    level,
    service: 'room',
    instance: 'room-1',
    message: `server Get ${code}`,
    method: 'Get',
    side: 'server',
    code,
    durationMs: 1,
  });

test('prints time, source, level, message and fields, aligned', () => {
  const { log, text } = merged();
  log.makeRoom('gateway-1');

  log.line('room-1', 'stdout', record({ room: 7, title: 'two words', traceId: 'abc', spanId: 'def', empty: '' }));
  log.line('gateway-1', 'stdout', record({ level: 'warn', message: 'slow' }));

  assert.equal(
    text(),
    '03:04:05.006 room-1    INFO  room opened room=7 title="two words" traceId=abc\n03:04:05.006 gateway-1 WARN  slow\n',
  );
});

test('passes other output through with its source, and marks what came from stderr', () => {
  const { log, text } = merged();

  log.line('room-1', 'stdout', 'listening');
  log.line('room-1', 'stderr', '(node:1) Warning: old');
  log.line('room-1', 'stdout', '{ not json');
  log.line('room-1', 'stdout', '{"no":"message"}');

  assert.deepEqual(text().trimEnd().split('\n'), [
    '03:04:05.006 room-1   |     listening',
    '03:04:05.006 room-1   !     (node:1) Warning: old',
    '03:04:05.006 room-1   |     { not json',
    '03:04:05.006 room-1   |     {"no":"message"}',
  ]);
});

test('prints the chain of an error under its line, cut after a dozen', () => {
  const { log, text } = merged();
  const stack = ['live.room/ROOM_CLOSED: closed', ...Array.from({ length: 20 }, (_, index) => `    at f${index}`)].join(
    '\n',
  );

  log.line(
    'room-1',
    'stdout',
    record({ level: 'error', message: 'failed', error: { name: 'StatusError', message: 'closed', stack } }),
  );

  const lines = text().trimEnd().split('\n');
  assert.match(lines[0] ?? '', /ERROR failed$/);
  assert.match(lines[1] ?? '', /^ {15}live\.room\/ROOM_CLOSED: closed$/);
  assert.match(lines[13] ?? '', /\.\.\. 9 more lines$/);
});

test('shows nothing that a terminal would obey', () => {
  const { log, text } = merged();

  log.line('room-1', 'stdout', record({ message: 'a\u001b[2Jb', name: '\u0007bell\u009b1m' }));
  log.line('room-1', 'stderr', 'plain \u001b]0;title\u0007');

  assert.doesNotMatch(text().replaceAll('\n', ''), /\p{Cc}/u);
  assert.match(text(), /a\\x1b\[2Jb/);
});

const choices = [
  ['warn', false, false],
  ['info', false, true],
  ['calls', true, true],
  ['debug', true, true],
] as const;
for (const [choice, showsCalls, showsInfo] of choices) {
  test(`--log ${choice} ${showsCalls ? 'shows' : 'hides'} successful calls and ${showsInfo ? 'shows' : 'hides'} other info lines`, () => {
    const { log, text } = merged({ choice });

    log.line('room-1', 'stdout', call('info', 'ok'));
    log.line('room-1', 'stdout', record({}));
    log.line('room-1', 'stdout', call('error', 'internal'));

    assert.equal(text().includes('server Get ok'), showsCalls);
    assert.equal(text().includes('room opened'), showsInfo);
    assert.ok(text().includes('server Get internal'), 'a fault is always shown');
  });
}

test('of a warning the chain is printed without frames', () => {
  const { log, text } = merged();
  const stack = 'A: late\n    at f\ncaused by: B: slow\n    at g';

  log.line('room-1', 'stdout', record({ level: 'warn', message: 'part missing', error: { message: 'late', stack } }));

  assert.match(text(), /WARN {2}part missing\n +A: late\n +caused by: B: slow\n$/);
});

for (const [choice, shown] of [
  ['info', 5],
  ['calls', 40],
] as const) {
  test(`--log ${choice} shows ${shown} of 40 warnings alike`, () => {
    const { log, text } = merged({ choice });

    for (let count = 0; count < 40; count++) {
      log.line('room-1', 'stdout', record({ level: 'warn', message: 'slow' }));
      log.line('room-1', 'stdout', record({ message: 'told' }));
    }
    log.tellHeld();

    assert.equal(text().match(/WARN {2}slow/g)?.length, shown);
    assert.equal(text().match(/INFO {2}told/g)?.length, 40, 'only trouble is held back');
    assert.equal(/flotilla WARN {2}35 more lines like: room-1 slow\n$/.test(text()), choice === 'info');
  });
}

test('counts the calls that it hides, once', () => {
  const { log } = merged();
  log.line('room-1', 'stdout', call('info', 'ok'));
  log.line('room-1', 'stdout', call('info', 'not_found'));
  log.line('room-1', 'stdout', call('debug', 'ok').replace('"server"', '"client"'));

  assert.deepEqual([...log.takeCalls()], [['room-1', 2]]);
  assert.deepEqual([...log.takeCalls()], []);
});

test('names the service where several share the process', () => {
  const { log, text } = merged();

  log.line('colocated', 'stdout', record({ instance: 'rank-1.2' }));
  log.line('colocated', 'stdout', call('info', 'ok'));
  log.line('colocated', 'stderr', 'plain');

  assert.match(text(), / rank-1 +INFO {2}room opened\n.* colocated +! +plain\n$/);
  assert.deepEqual([...log.takeCalls()], [['room-1', 1]]);
});

test('leaves out what an app says of its own life, which the supervisor tells', () => {
  const { log, text } = merged();
  for (const step of ['is ready', 'is draining', 'has stopped'])
    log.line('room-1', 'stdout', record({ message: `room ${step}` }));

  assert.equal(text(), '');
});

test('as JSON passes JSON through as it is and wraps the rest', () => {
  const { log, text } = merged({ format: 'json' });
  const line = record({ any: 'thing' });

  log.line('room-1', 'stdout', line);
  log.line('room-1', 'stderr', 'oops');
  log.say('info', 'room-1 is ready', { pid: 7 });

  const [first, second, third] = text().trimEnd().split('\n');
  assert.equal(first, line);
  assert.deepEqual(JSON.parse(second ?? ''), {
    time,
    level: 'warn',
    service: 'room',
    instance: 'room-1',
    message: 'oops',
  });
  assert.deepEqual(JSON.parse(third ?? ''), {
    time,
    level: 'info',
    service: 'flotilla',
    instance: 'supervisor',
    message: 'room-1 is ready',
    pid: 7,
  });
});

test('colours the source and the level where colour is wanted, and only there', () => {
  const { log, text } = merged({ palette: palette(true) });
  log.say('error', 'down');

  assert.ok(text().includes('\u001b[31mERROR\u001b[0m'));
});
