import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/flotilla/bench/', import.meta.url));

type Built = { readonly path: string } | { readonly reason: string };

/**
 * Builds the Go program in a folder of `bench/`, once per version of its sources and of Go; with `onlyFind` it must have been
 * built before, since that may take a minute and the network.
 */
export function buildGo(folder: string, onlyFind = false): Built {
  const go = ['go', '/usr/local/go/bin/go'].find((command) => spawnSync(command, ['version']).status === 0);
  if (go === undefined) return { reason: 'no Go toolchain on PATH or in /usr/local/go' };
  const sources = join(bench, folder);
  const hash = createHash('sha256').update(spawnSync(go, ['version']).stdout);
  for (const file of readdirSync(sources).sort()) hash.update(file).update(readFileSync(join(sources, file)));
  const path = join(cache, `${folder}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(path)) return { path };
  if (onlyFind) return { reason: 'not built; the bench builds it' };
  mkdirSync(cache, { recursive: true });
  process.stderr.write(`building the Go program ${folder}\n`);
  const unfinished = `${path}.${process.pid}`;
  const built = spawnSync(go, ['build', '-o', unfinished, '.'], { cwd: sources, encoding: 'utf8' });
  if (built.status !== 0) return { reason: `go build failed: ${(built.stderr ?? '').trim() || built.error?.message}` };
  renameSync(unfinished, path);
  return { path };
}
