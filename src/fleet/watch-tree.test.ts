import assert from 'node:assert/strict';
import { mkdirSync, renameSync } from 'node:fs';
import { test } from 'node:test';
import { background, systemClock, until } from '../concurrency/index.ts';
import { type Project, project } from './testdata/project.ts';
import { watchTree } from './watch-tree.ts';

async function watched(files: Project, ignore: readonly string[] = []) {
  const seen = new Set<string>();
  let check = () => {};
  const watch = await watchTree([files.directory], {
    clock: systemClock,
    settleMs: 20,
    ignore,
    onChange: (changed) => {
      for (const file of changed) seen.add(file);
      check();
    },
    onTrouble: (message) => assert.fail(message),
  });
  return {
    seen,
    async sees(...paths: string[]): Promise<void> {
      using ctx = background().withTimeout(60_000, `${paths} to be seen`);
      const all = new Promise<void>((resolve) => {
        check = () => paths.every((path) => seen.has(path)) && resolve();
        check();
      });
      await until(ctx, all);
    },
    [Symbol.dispose]: () => watch.close(),
  };
}

test('tells of changed, new, replaced and removed files, also deep below', async () => {
  using files = project();
  files.write('room/store/sql.ts', '1');
  using tree = await watched(files);

  const changed = files.write('room/store/sql.ts', '2');
  const added = files.write('room/domain.ts', '1');
  files.write('room/next.tmp', '3');
  renameSync(files.path('room/next.tmp'), files.path('room/replaced.ts'));

  await tree.sees(changed, added, files.path('room/replaced.ts'));
});

test('watches a directory that is made later', async () => {
  using files = project();
  using tree = await watched(files);
  mkdirSync(files.path('gift'));
  const marker = files.write('marker.ts', '');
  await tree.sees(marker);

  const late = files.write('gift/main.ts', '1');

  await tree.sees(late);
});

test('does not enter node_modules, dist, hidden and ignored directories', async () => {
  using files = project();
  const hidden = ['node_modules/a/index.js', 'dist/main.js', '.git/index', 'data/room.sqlite'].map((name) =>
    files.write(name, '1'),
  );
  using tree = await watched(files, [files.path('data')]);

  for (const name of ['node_modules/a/index.js', 'dist/main.js', '.git/index', 'data/room.sqlite'])
    files.write(name, '2');
  const marker = files.write('marker.ts', '');
  await tree.sees(marker);

  assert.deepEqual(
    hidden.filter((path) => tree.seen.has(path)),
    [],
  );
});
