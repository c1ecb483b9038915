import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type Feature, features } from './features.ts';
import { ourClientWith, ourServerWith, type Pair } from './pairs.ts';

/** Every feature with every client and server of other make. What was found is the table of the guide. */
const found = new Map<string, string>();
const guide = new URL('../../../docs/guide/rpc-interop.md', import.meta.url);

function check(side: string, pair: Pair, { name, options = {}, run }: Feature): void {
  const key = `${side} ${pair.name} ${name}`;
  if (pair.lacks?.[name] !== undefined) {
    found.set(key, '–');
    return;
  }
  test(name, { timeout: 30_000 }, async () => {
    found.set(key, 'failed');
    await using testee = await pair.testee(options);
    await using caller = pair.caller(testee.url, options);

    await run(caller, testee);

    found.set(key, 'yes');
  });
}

function isMissing({ program }: Pair): string | false {
  if (program === undefined || spawnSync(program, ['--version']).status === 0) return false;
  const reason = `not installed: ${program}`;
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

function table(side: string, pairs: readonly Pair[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row([side, ...pairs.map(({ name }) => name)]),
    row(Array.from({ length: pairs.length + 1 }, () => '---')),
    ...features.flatMap(({ name }) => {
      const cells = pairs.map((pair) => found.get(`${side} ${pair.name} ${name}`) ?? '?');
      return cells.every((cell) => cell === '–') ? [] : [row([name, ...cells])];
    }),
  ].join('\n');
}

for (const [side, pairs] of [
  ['our server and', ourServerWith],
  ['our client and', ourClientWith],
] as const) {
  for (const pair of pairs) {
    describe(`${side} ${pair.name}`, { skip: isMissing(pair) }, () => {
      for (const feature of features) check(side, pair, feature);
    });
  }
}

test('the table of the guide is what was found', { skip: ourServerWith.map(isMissing).find(Boolean) ?? false }, () => {
  const server = table('our server and', ourServerWith);
  const client = table('our client and', ourClientWith);
  process.stdout.write(`${server}\n\n${client}\n`);

  const text = readFileSync(guide, 'utf8');

  assert.ok(text.includes(server), `docs/guide/rpc-interop.md has another table than\n${server}`);
  assert.ok(text.includes(client), `docs/guide/rpc-interop.md has another table than\n${client}`);
});
