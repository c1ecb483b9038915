import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as floors from './floors.ts';
import { breaches, importsOf } from './imports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

test('every area of src imports only what its floor may', () => {
  assert.deepEqual(breaches(join(root, 'src'), floors), []);
});

test('a tree that breaks every rule is reported, so the check can fail', () => {
  const rules = {
    floors: [['errors'], ['service'], ['net/tcp', 'net/http'], ['rpc']],
    sideways: [
      { from: 'net/http', to: 'net/tcp', reason: 'for the fixture' },
      { from: 'rpc', to: 'rpc', reason: '' },
    ],
    planned: ['service'],
    packages: { service: ['kysely'] },
  };

  const found = breaches(join(root, 'tools/fixtures/bad-floors'), rules).join('\n');

  assert.match(found, /errors imports service, a floor above it/);
  assert.match(found, /errors imports node:fs/);
  assert.match(found, /service imports the package redis/);
  assert.match(found, /service does not import the package kysely any more/);
  assert.match(found, /net\/tcp imports net\/http sideways/);
  assert.match(found, /the area rpc has no files/);
  assert.match(found, /service has files and is still listed as planned/);
  assert.match(found, /rpc → rpc is not used any more/);
  assert.match(found, /rpc → rpc has no reason/);
  assert.match(found, /rpc → rpc closes a cycle/);
});

test('imports are found in every form and not in comments', () => {
  const text = `
    import a from 'one';
    import {
      b,
    } from "two";
    export * from 'three';
    import type { C } from 'four';
    import 'five';
    const d = await import('six');
    // import e from 'seven';
    /* import f from 'eight'; */
    const glob = 'src/*.ts';
    const g = await import('nine');
    const other = '**/x';
  `;

  const found = importsOf('x.ts', text).map(({ specifier }) => specifier);

  assert.deepEqual(found, ['one', 'two', 'three', 'four', 'five', 'six', 'nine']);
});

test('every door of package.json exists and every area has one', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string>;
  };
  const doors = Object.keys(exports)
    .filter((door) => door !== './package.json')
    .map((door) => door.slice(2));

  const areas = floors.floors.flat().filter((area) => !floors.planned.includes(area));

  assert.deepEqual([...doors].sort(), [...areas].sort());
  for (const door of doors) readFileSync(join(root, exports[`./${door}`] ?? ''));
});

test('every area opens with its documentation', () => {
  for (const area of floors.floors.flat().filter((name) => !floors.planned.includes(name))) {
    const head = readFileSync(join(root, 'src', area, 'index.ts'), 'utf8').slice(0, 200);
    assert.match(
      head,
      new RegExp(`^/\\*\\*\\n \\* # flotilla/${area}\\n`),
      `src/${area}/index.ts must open with "# flotilla/${area}"`,
    );
  }
});

test('no source file is longer than 500 lines, tables and generated code excepted', () => {
  const long = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/[\\/](gen|testdata)[\\/]/.test(path))
    .filter((path) => readFileSync(join(root, 'src', path), 'utf8').split('\n').length > 500);
  assert.deepEqual(long, []);
});
