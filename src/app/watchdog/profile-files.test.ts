import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { keepProfile } from './profile-files.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flotilla-profiles-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('names the file by instance and time, makes the folder, and lets only its owner read it', () => {
  const options = { directory: join(directory, 'new/profiles'), maxFiles: 3 };

  const file = keepProfile({ nodes: [] }, 'room/1 x', new Date('2026-01-02T03:04:05.678Z'), options);

  assert.equal(file, join(options.directory, 'room-1-x-2026-01-02T030405-678Z.cpuprofile'));
  assert.equal(readFileSync(file, 'utf8'), '{"nodes":[]}');
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('removes the oldest profiles beyond the bound, and nothing else', () => {
  writeFileSync(join(directory, 'notes.txt'), 'mine');
  const options = { directory, maxFiles: 2 };
  for (let day = 1; day <= 4; day++) {
    const at = new Date(Date.UTC(2026, 0, day));
    utimesSync(keepProfile({}, 'room-1', at, options), at, at);
  }

  keepProfile({}, 'room-1', new Date(Date.UTC(2026, 0, 5)), options);

  assert.deepEqual(readdirSync(directory).sort(), [
    'notes.txt',
    'room-1-2026-01-04T000000-000Z.cpuprofile',
    'room-1-2026-01-05T000000-000Z.cpuprofile',
  ]);
});
