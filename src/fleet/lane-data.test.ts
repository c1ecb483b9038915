import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { copyData } from './lane-data.ts';
import { project } from './testdata/project.ts';

test('a copy has the databases as they are, with what is only in their log yet, and the other files', async () => {
  using files = project();
  files.write('data/fleet.pid', '1 1');
  files.write('data/jwt-secret', 'secret');
  files.write('data/empty.sqlite', '');
  files.write('data/telemetry/chunk.sqlite', 'x');
  using database = new DatabaseSync(files.path('data/room.sqlite'));
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE room (id TEXT); INSERT INTO room VALUES ('one')");
  assert.ok(existsSync(files.path('data/room.sqlite-wal')));

  await copyData(files.path('data'), files.path('lane'));

  assert.deepEqual(readdirSync(files.path('lane')).sort(), ['jwt-secret', 'room.sqlite']);
  using copy = new DatabaseSync(files.path('lane/room.sqlite'));
  assert.deepEqual(
    copy
      .prepare('SELECT id FROM room')
      .all()
      .map(({ id }) => id),
    ['one'],
  );
});

test('a copy that was broken off is made anew', async () => {
  using files = project();
  files.write('data/notes.txt', 'of the baseline');
  files.write('lane/notes.txt.part', 'of the ba');

  await copyData(files.path('data'), files.path('lane'));

  assert.deepEqual(readdirSync(files.path('lane')), ['notes.txt']);
  assert.equal(readFileSync(files.path('lane/notes.txt'), 'utf8'), 'of the baseline');
});

test('what the lane has already stays as it is', async () => {
  using files = project();
  files.write('data/notes.txt', 'of the baseline');
  files.write('lane/notes.txt', 'of the lane');

  await copyData(files.path('data'), files.path('lane'));

  assert.equal(readFileSync(files.path('lane/notes.txt'), 'utf8'), 'of the lane');
});
