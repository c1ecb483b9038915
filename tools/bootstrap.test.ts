import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function bootstrap(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(cwd, 'tools/bootstrap.mjs'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, output: stdout + stderr };
}

test('an unknown script is refused with the names of those that there are', () => {
  const { status, output } = bootstrap(root, ['strat']);

  assert.equal(status, 2);
  assert.match(output, /no script "strat"; there are: start, test/);
});

test('npm’s output is shown when the installation fails, with what to do', () => {
  const clone = mkdtempSync(join(tmpdir(), 'flotilla-bootstrap-'));
  try {
    cpSync(join(root, 'tools'), join(clone, 'tools'), { recursive: true });
    mkdirSync(join(clone, 'bin'));
    writeFileSync(join(clone, 'package-lock.json'), '{}');
    writeFileSync(join(clone, 'bin', 'npm'), '#!/bin/sh\necho "ENETDOWN the network is down" >&2\nexit 7\n', {
      mode: 0o755,
    });

    const { status, output } = bootstrap(clone, ['start'], {
      PATH: `${clone}/bin:${process.env.PATH}`,
      npm_execpath: '',
    });

    assert.equal(status, 1);
    assert.match(output, /✗ install packages/);
    assert.match(output, /the network is down[\s\S]*exit code 7[\s\S]*could not be installed/);
  } finally {
    rmSync(clone, { recursive: true, force: true });
  }
});
