import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ExpectedError, run, step } from './exec.mjs';
import { lock } from './install-lock.mjs';

/** Installs the lock file's packages if it changed since the last time. npm's output is shown only if it fails. */
export async function install(root) {
  await installIn(root, root, 'packages');
}

/** The same for what the benches compare with: too much for those who never run one. */
export async function installPeers(root) {
  const folder = join(root, 'bench', 'peers');
  if (existsSync(join(folder, 'package-lock.json'))) await installIn(root, folder, 'the peers of the benches');
}

async function installIn(root, folder, what) {
  const wanted = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  if (installed(folder) === wanted) return;
  const unlock = await lock(root);
  try {
    if (installed(folder) === wanted) return;
    await step(`install ${what}`, () => npm(folder));
    writeFileSync(stampFile(folder), wanted);
  } finally {
    unlock();
  }
}

const stampFile = (folder) => join(folder, 'node_modules', '.flotilla-installed');

function installed(folder) {
  try {
    return readFileSync(stampFile(folder), 'utf8');
  } catch {
    return undefined;
  }
}

async function npm(folder) {
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  // Some packages want a newer Node than the machine's; they will run on the one that is installed with them.
  args.push('--engine-strict=false');
  // The npm that called us, if it was npm: yarn and pnpm set the variable too.
  const cli = process.env.npm_execpath ?? '';
  try {
    if (basename(cli) === 'npm-cli.js') await run(process.execPath, [cli, ...args], { cwd: folder });
    else await run('npm', args, { cwd: folder });
  } catch (error) {
    throw new ExpectedError(
      `${error.message}\n\nThe packages could not be installed. Check the network and the npm configuration, then run the command again.`,
    );
  }
}
