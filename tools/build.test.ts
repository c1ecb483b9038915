import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from './build.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the package', () => {
  /** A user's project: nothing in it but the package and what it depends on. */
  let project: string;
  let out: string;

  before(() => {
    project = mkdtempSync(join(tmpdir(), 'flotilla-build-'));
    out = join(project, 'node_modules', 'flotilla');
    build(out);
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(out, 'package.json'), 'utf8'));
    for (const name of [...Object.keys({ ...dependencies, ...peerDependencies }), '@types/node', 'undici-types']) {
      const link = join(project, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), link);
    }
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
    return { status, output: stdout + stderr };
  };

  it('has doors that a project imports, and types that hold under the strictest settings', () => {
    const { exports } = JSON.parse(readFileSync(join(out, 'package.json'), 'utf8')) as { exports: object };
    const doors = Object.keys(exports).filter((door) => door !== './package.json');
    const imports = doors.map((door, i) => `import * as door${i} from 'flotilla/${door.slice(2)}';\nvoid door${i};`);
    writeFileSync(join(project, 'doors.ts'), `${imports.join('\n')}\n`);
    const options = { module: 'nodenext', target: 'esnext', strict: true, noEmit: true, types: ['node'] };
    const strictest = { ...options, skipLibCheck: false, exactOptionalPropertyTypes: true };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: strictest, files: ['doors.ts'] }));

    assert.deepEqual(run('doors.ts'), { status: 0, output: '' });
    assert.deepEqual(run(join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'), { status: 0, output: '' });
  });

  it('has a command and the pages that it serves, and nothing of the tests', () => {
    const files = readdirSync(out, { recursive: true, encoding: 'utf8' });

    const { status, output } = run(join(out, 'cli/main.js'), '--version');

    assert.equal(status, 0, output);
    assert.match(output, /^\d+\.\d+\.\d+\n$/);
    assert.ok(files.includes(join('edge', 'gateway', 'explorer', 'index.html')));
    assert.deepEqual(
      files.filter((file) => /testdata|\.(test|contract|fixture)\.|(?<!\.d)\.ts$/.test(file)),
      [],
    );
  });

  it('replaces an earlier build and no other folder', () => {
    build(out);
    writeFileSync(join(project, 'mine.txt'), '');

    assert.throws(() => build(project), /holds something else than an earlier build/);
    assert.throws(() => build(root), /holds something else than an earlier build/);
    assert.ok(readdirSync(project).includes('mine.txt'));
  });
});
