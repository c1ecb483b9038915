import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./servers.sh', import.meta.url));

function run(t: TestContext, args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-servers-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return spawnSync(script, args, { encoding: 'utf8', env: { ...process.env, FLOTILLA_SERVERS_DIR: folder } });
}

describe('tools/servers.sh', () => {
  const refused = [
    { title: 'no command', args: [], message: /usage: .*install\|start\|stop\|status NAME.*known: .*mariadb/ },
    { title: 'an unknown command', args: ['restart', 'mariadb'], message: /usage: / },
    { title: 'a command without a server', args: ['start'], message: /name the servers to start: .*mariadb/ },
    { title: 'an unknown server', args: ['start', 'oracle'], message: /no server "oracle"; known: .*mariadb/ },
  ];
  for (const { title, args, message } of refused) {
    it(`refuses ${title} and says what there is`, (t) => {
      const { status, stderr } = run(t, args);

      assert.equal(status, 1);
      assert.match(stderr, message);
    });
  }

  it('stops what does not run without complaint', (t) => {
    const { status, stdout } = run(t, ['stop', 'mariadb']);

    assert.equal(status, 0);
    assert.equal(stdout, 'mariadb: does not run\n');
  });

  it('tells that a server does not run', (t) => {
    const { status, stdout } = run(t, ['status']);

    assert.equal(status, 0);
    assert.match(stdout, /^mariadb: (does not run|not installed)$/m);
  });
});
