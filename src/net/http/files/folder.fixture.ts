import { mkdir, mkdtemp, readdir, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { serve, type TestServer } from '../server.fixture.ts';
import { type StaticFilesOptions, serveFolder } from './static-files.ts';

/** When the files of {@link makeFolder} were changed. */
export const modifiedMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A folder with these files, gone after the test. */
export async function makeFolder(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'flotilla-static-'));
  t.after(() => rm(root, { recursive: true }));
  for (const [path, content] of Object.entries(files)) await write(root, path, content, modifiedMs);
  return root;
}

export async function write(root: string, path: string, content: string | Uint8Array, timeMs: number): Promise<void> {
  const name = join(root, path);
  await mkdir(dirname(name), { recursive: true });
  await writeFile(name, content);
  await utimes(name, timeMs / 1000, timeMs / 1000);
}

/** Serves the folder at the root of the address, by a clock that is an hour ahead: what was just written counts as old. */
export function serveFiles(root: string, options: Partial<StaticFilesOptions> = {}): Promise<TestServer> {
  const files = serveFolder({ root, ...options }, () => Date.now() + 3_600_000);
  return serve((router) => {
    router.get('/*path', { timeoutMs: 0 }, (ctx, req) => files(ctx, req, req.params.path));
  });
}

/** Bytes that are not the same anywhere. */
export function noise(size: number, seed = 1): Uint8Array {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    words[i] = state ^ (state >>> 15);
  }
  return new Uint8Array(words.buffer, 0, size);
}

/** How many descriptors of this process are open below the folder. */
export async function openBelow(root: string): Promise<number> {
  const fds = await readdir('/proc/self/fd');
  const names = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return names.filter((name) => name.startsWith(root)).length;
}

/** Waits until it holds. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
