import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { developmentSecret } from './jwt-secret.ts';

test('processes that start at the same time agree on one secret, which only the owner may read', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'flotilla-secret-'));
  t.after(() => rm(root, { recursive: true }));
  const dataDir = join(root, 'data');

  const secrets = await Promise.all(Array.from({ length: 16 }, () => developmentSecret(dataDir)));

  assert.equal(new Set(secrets).size, 1);
  assert.ok(secrets[0]!.length >= 32);
  assert.deepEqual(await readdir(dataDir), ['jwt-secret']);
  assert.equal((await stat(join(dataDir, 'jwt-secret'))).mode & 0o777, 0o600);
  assert.equal(await developmentSecret(dataDir), secrets[0]);
});
