import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** One file of the store. Its number grows with time. */
export interface ChunkFile {
  readonly number: number;
  readonly path: string;
  /** With its write-ahead log. */
  readonly bytes: number;
}

const pattern = /^telemetry-(\d{6,9})\.db$/;
const asidePattern = /^telemetry-(\d{6,9})\.db\.(?:corrupt|outdated)$/;
/** Files moved aside are for a person to look at; more than these would fill the disk. */
const maxAside = 2;

export function openDirectory(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
}

/** The chunks, newest first. */
export function listChunks(dir: string): ChunkFile[] {
  const chunks: ChunkFile[] = [];
  for (const name of readdirSync(dir)) {
    const number = pattern.exec(name)?.[1];
    if (number === undefined) continue;
    const path = join(dir, name);
    chunks.push({ number: Number(number), path, bytes: sizeOf(path) + sizeOf(`${path}-wal`) });
  }
  return chunks.sort((a, b) => b.number - a.number);
}

/** The path of a new chunk: its number follows the highest that is or was in use. */
export function nextChunk(dir: string): { readonly number: number; readonly path: string } {
  let highest = 0;
  for (const name of readdirSync(dir)) {
    const number = (pattern.exec(name) ?? asidePattern.exec(name))?.[1];
    if (number !== undefined) highest = Math.max(highest, Number(number));
  }
  const number = highest + 1;
  return { number, path: join(dir, `telemetry-${String(number).padStart(6, '0')}.db`) };
}

export function deleteChunk(path: string): void {
  rmSync(path, { force: true });
  rmSync(`${path}-wal`, { force: true });
  rmSync(`${path}-shm`, { force: true });
}

/** Puts a file that cannot be used out of the way; returns its new path. */
export function moveAside(dir: string, path: string, why: 'corrupt' | 'outdated'): string {
  const aside = `${path}.${why}`;
  renameSync(path, aside);
  // Without its database a write-ahead log is nothing.
  rmSync(`${path}-wal`, { force: true });
  rmSync(`${path}-shm`, { force: true });
  const all = readdirSync(dir).filter((name) => asidePattern.test(name));
  for (const name of all.sort().slice(0, -maxAside)) rmSync(join(dir, name), { force: true });
  return aside;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
