import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { ChildExit } from './child.ts';
import { type Diagnosis, diagnose } from './diagnose.ts';
import { project } from './testdata/project.ts';

/** Runs a program for real, so that the test sees what this Node prints. */
function runAndDiagnose(source: string): Diagnosis {
  using files = project();
  const entry = files.write('room/main.ts', source);
  const { status, signal, stderr } = spawnSync(process.execPath, [entry], { encoding: 'utf8' });
  return diagnosis({ code: status, signal, errorLines: stderr.split('\n') }, files.directory);
}

function diagnosis(exit: Partial<ChildExit>, cwd = '/app'): Diagnosis {
  const whole: ChildExit = {
    code: 1,
    signal: null,
    wasReady: false,
    failure: undefined,
    fix: undefined,
    errorLines: [],
    ...exit,
  };
  return diagnose({ name: 'room', entry: 'room/main.ts', exit: whole, cwd });
}

test('a syntax error is told with its place, its source line and what to do', () => {
  const { cause, details, fix } = runAndDiagnose('const ok = 1;\nconst broken: number = ;\n');

  assert.match(cause, /^SyntaxError.*Expression expected/);
  assert.equal(details[0], 'room/main.ts:2');
  assert.ok(details.includes('const broken: number = ;'));
  assert.equal(fix, 'correct room/main.ts:2 and save: it starts again by itself');
});

test('an exception at start is told with the frames of the program, not those of Node', () => {
  const { cause, details, fix } = runAndDiagnose(
    `function wire() { throw new RangeError('no such shard'); }\nwire();\n`,
  );

  assert.equal(cause, 'RangeError: no such shard');
  assert.ok(details.some((line) => line.includes('at wire (room/main.ts:1:')));
  assert.ok(details.every((line) => !line.includes('node:internal')));
  assert.match(fix, /correct room\/main\.ts/);
});

test('a missing import is told by name', () => {
  const { cause, fix } = runAndDiagnose(`import { a } from './nowhere.ts';\nconsole.log(a);\n`);

  assert.match(cause, /Cannot find module .*nowhere\.ts/);
  assert.match(fix, /correct the import/);
});

test('a program that ends without an error is told what a service must do', () => {
  const { cause, fix } = runAndDiagnose('export {};\n');

  assert.equal(cause, 'exited with code 0');
  assert.match(fix, /if \(import\.meta\.main\) await run\(main\)/);
});

test('tells the reason and the fix that a service gives', () => {
  const failure = 'the registry does not answer\nStatusError: the registry does not answer';

  const { cause, fix } = diagnosis({ failure, fix: 'correct FLOTILLA_REGISTRY_URL' });

  assert.equal(cause, 'the registry does not answer');
  assert.equal(fix, 'correct FLOTILLA_REGISTRY_URL');
});

const others: readonly (readonly [title: string, exit: Partial<ChildExit>, cause: RegExp, fix: RegExp])[] = [
  [
    'a kill from outside',
    { code: null, signal: 'SIGKILL', wasReady: true },
    /^was killed by SIGKILL$/,
    /ran out of memory/,
  ],
  [
    'a timeout',
    { code: null, signal: 'SIGKILL', failure: 'it did not become ready within 300 ms' },
    /within 300 ms/,
    /waits for at start/,
  ],
  [
    'a port in use',
    { errorLines: ['Error: listen EADDRINUSE: address already in use 127.0.0.1:1'] },
    /EADDRINUSE/,
    /another one/,
  ],
  ['output without an error', { code: 3, errorLines: ['giving up'] }, /^exited with code 3$/, /correct room\/main\.ts/],
];
for (const [title, exit, cause, fix] of others) {
  test(`tells of ${title}`, () => {
    const result = diagnosis(exit);

    assert.match(result.cause, cause);
    assert.match(result.fix, fix);
  });
}

for (const [what, ending, advice] of [
  [
    'with a profile',
    'is stuck; ending the process: no turn for 800 ms; its profile: /p/room.cpuprofile',
    /^open the profile/,
  ],
  ['without a profile', 'is stuck; ending the process: no turn for 800 ms', /^look at the first places of its stack/],
  ['in native code', 'is stuck in native code: S (sleeping); ending the process', /a name that ends with Sync/],
] as const) {
  test(`a stuck event loop ${what} is told with where to look`, () => {
    const errorLines = [`StatusError: room-1: the event loop ${ending}`];

    assert.match(diagnosis({ code: null, signal: 'SIGKILL', wasReady: true, errorLines }).fix, advice);
  });
}
