import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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

test('leaves nothing of a profile that a full disk has no room for', { skip: !existsSync('/dev/full') }, () => {
  symlinkSync('/dev/full', join(directory, 'room-1-2026-01-01T000000-000Z.cpuprofile'));

  assert.throws(() => keepProfile({}, 'room-1', new Date(Date.UTC(2026, 0, 1)), { directory, maxFiles: 2 }), {
    code: 'ENOSPC',
  });

  assert.deepEqual(readdirSync(directory), []);
});
