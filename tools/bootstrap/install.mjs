import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ExpectedError, run, step } from './exec.mjs';
import { lock } from './install-lock.mjs';

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
  // Some packages want a newer Node than the machine's; they will run on the one that is installed with them.
  args.push('--engine-strict=false');
  // The npm that called us, if it was npm: yarn and pnpm set the variable too.
  const cli = process.env.npm_execpath ?? '';
  try {
    if (basename(cli) === 'npm-cli.js') await run(process.execPath, [cli, ...args], { cwd: root });
    else await run('npm', args, { cwd: root });
  } catch (error) {
    throw new ExpectedError(
      `${error.message}\n\nThe packages could not be installed. Check the network and the npm configuration, then run the command again.`,
    );
  }
}
