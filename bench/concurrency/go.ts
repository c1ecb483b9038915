import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Contestant } from '../harness.ts';

const sources = fileURLToPath(new URL('../concurrency-go/', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/flotilla/bench/', import.meta.url));

interface GoContestants {
  readonly contestants: Readonly<Record<string, Contestant>>;
  /** Why there are none. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** `go` on one processor and `go-all-cores` on all; skipped where there is no toolchain to build them with. */
export function goContestants(targetMs: number): GoContestants {
  const program = build();
  if ('reason' in program) return { contestants: {}, skipped: { 'go, go-all-cores': program.reason } };
  return {
    contestants: { go: run(program.path, targetMs, '1'), 'go-all-cores': run(program.path, targetMs, undefined) },
    skipped: {},
  };
}

function run(path: string, targetMs: number, processors: string | undefined): Contestant {
  const { GOMAXPROCS: _, ...env } = process.env;
  if (processors !== undefined) env.GOMAXPROCS = processors;
  return async () => {
    const { stdout } = await promisify(execFile)(path, ['-target', `${targetMs}ms`], { env });
    return JSON.parse(stdout) as Record<string, number>;
  };
}

/** Builds the program once per version of its sources and of Go. */
function build(): { readonly path: string } | { readonly reason: string } {
  const go = ['go', '/usr/local/go/bin/go'].find((command) => spawnSync(command, ['version']).status === 0);
  if (go === undefined) return { reason: 'no Go toolchain on PATH or in /usr/local/go' };
  const hash = createHash('sha256').update(spawnSync(go, ['version']).stdout);
  for (const file of readdirSync(sources).sort()) hash.update(file).update(readFileSync(join(sources, file)));
  const path = join(cache, `concurrency-go-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(path)) return { path };
  mkdirSync(cache, { recursive: true });
  process.stderr.write('building the Go program\n');
  const unfinished = `${path}.${process.pid}`;
  const built = spawnSync(go, ['build', '-o', unfinished, '.'], { cwd: sources, encoding: 'utf8' });
  if (built.status !== 0) return { reason: `go build failed: ${(built.stderr ?? '').trim() || built.error?.message}` };
  renameSync(unfinished, path);
  return { path };
}
