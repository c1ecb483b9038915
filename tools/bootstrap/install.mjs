import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectedError, run, step } from './exec.mjs';

/** Installs the lock file's packages if it changed since the last time. npm's output is shown only if it fails. */
export async function install(root) {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (installed(root) === wanted) return;
  const unlock = await lock(root);
  try {
    if (installed(root) === wanted) return;
    await step('install packages', () => npm(root));
    writeFileSync(stampFile(root), wanted);
  } finally {
    unlock();
  }
}

const stampFile = (root) => join(root, 'node_modules', '.flotilla-installed');

function installed(root) {
  try {
    return readFileSync(stampFile(root), 'utf8');
  } catch {
    return undefined;
  }
}

async function npm(root) {
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const cli = process.env.npm_execpath;
  try {
    if (cli?.endsWith('.js')) await run(process.execPath, [cli, ...args], { cwd: root });
    else await run('npm', args, { cwd: root });
  } catch (error) {
    throw new ExpectedError(
      `${error.message}\n\nThe packages could not be installed. Check the network and the npm configuration, then run the command again.`,
    );
  }
}

/** Two commands in one clone must not install at once. A lock whose owner is dead is taken over. */
async function lock(root) {
  const folder = join(root, '.flotilla');
  const file = join(folder, 'install.lock');
  mkdirSync(folder, { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (ownerIsDead(file)) rmSync(file, { force: true });
    else await new Promise((done) => setTimeout(done, 200));
  }
}

function ownerIsDead(file) {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code !== 'EPERM';
  }
}
