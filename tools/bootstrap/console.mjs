import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, step } from './exec.mjs';

const stampFile = 'console/dist/.built-from';

/** Builds the web console if its sources changed since the last build. */
export async function buildConsole(node) {
  if (!existsSync('console/index.html')) return;
  const wanted = hashSources();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  await step('build the console', () =>
    run(node, ['node_modules/vite/bin/vite.js', 'build', 'console', '--logLevel', 'warn']),
  );
  writeFileSync(stampFile, wanted);
}

function hashSources() {
  const hash = createHash('sha256').update(readFileSync('package-lock.json'));
  for (const entry of readdirSync('console', { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (!entry.isFile() || path.startsWith(join('console', 'dist')) || /\.test\.ts$/.test(path)) continue;
    hash.update(path).update(readFileSync(path));
  }
  return hash.digest('hex');
}
