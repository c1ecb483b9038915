import assert from 'node:assert/strict';
import { test } from 'node:test';
import { affectedUnits } from './affected.ts';
import { filesBehind, specifiers } from './imports.ts';
import { unit } from './testdata/harness.ts';
import { project } from './testdata/project.ts';

test('sees every way to load a module, and leaves types out', () => {
  const source = `
    import a, { b } from './a.ts';
    import * as c from "./c.ts";
    import './side-effect.ts';
    import {
      type D,
      d,
    } from './d.ts';
    export { e } from './e.ts';
    export * from './f.ts';
    import type { G } from './types.ts';
    export type { H } from './types.ts';
    const i = await import('./i.ts');
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
  `;

  assert.deepEqual(specifiers(source).sort(), [
    './a.ts',
    './c.ts',
    './d.ts',
    './e.ts',
    './f.ts',
    './i.ts',
    './side-effect.ts',
    './worker.ts',
  ]);
});

test('follows imports through files, packages and circles', async () => {
  using files = project();
  const main = files.write('room/main.ts', `import './domain.ts'; import 'node:fs'; import 'nowhere';`);
  const domain = files.write('room/domain.ts', `import '../kit/ids.ts'; import './main.ts'; import '../gone.ts';`);
  const ids = files.write('kit/ids.ts', 'export const id = 1;');

  const behind = await filesBehind([main]);

  assert.deepEqual([...(behind.get(main) ?? [])].sort(), [files.path('gone.ts'), domain, main, ids].sort());
});

test('a change concerns the services that import the file, and those in whose directory it lies', async () => {
  using files = project();
  const room = unit('room', files.write('room/main.ts', `import '../kit/ids.ts';`));
  const gift = unit('gift', files.write('gift/main.ts', `import '../kit/ids.ts'; import './rules.ts';`));
  const rank = unit('rank', files.write('rank/main.ts', ''));
  const top = unit('top', files.write('top.ts', ''));
  const concerned = async (...changed: string[]) => {
    const units = await affectedUnits([room, gift, rank, top], changed.map(files.path), files.path('fleet.ts'));
    return units.map(({ name }) => name);
  };

  assert.deepEqual(await concerned('kit/ids.ts'), ['room', 'gift']);
  assert.deepEqual(await concerned('gift/rules.ts'), ['gift']);
  assert.deepEqual(await concerned('rank/page.html'), ['rank']);
  assert.deepEqual(await concerned('rank/rank.test.ts', 'README.md'), []);
  assert.deepEqual(await concerned('top.ts'), ['top']);
  assert.deepEqual(await concerned('room/main.ts', 'rank/new.ts'), ['room', 'rank']);
});
