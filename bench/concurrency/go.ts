import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { buildGo } from '../go/build.ts';
import type { Contestant } from '../harness.ts';

interface GoContestants {
  readonly contestants: Readonly<Record<string, Contestant>>;
  /** Why there are none. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** `go` on one processor and `go-all-cores` on all; skipped where there is no toolchain to build them with. */
export function goContestants(targetMs: number): GoContestants {
  const program = buildGo('concurrency-go');
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
