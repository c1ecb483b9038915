import type { Stats } from 'node:fs';

/** What tells one version of a file from another, as far as the file system knows. */
export interface FileId {
  readonly device: number;
  readonly inode: number;
  readonly size: number;
  /** When its content changed, as it says itself: programs can set it. */
  readonly modifiedMs: number;
  /** When anything about it changed: nobody can set it. */
  readonly changedMs: number;
}

export function idOf(stats: Stats): FileId {
  return {
    device: stats.dev,
    inode: stats.ino,
    size: stats.size,
    modifiedMs: stats.mtimeMs,
    changedMs: stats.ctimeMs,
  };
}

/** Whether it is the same version. The time of change is left out: a file that is renamed or loses a link is still the same. */
export function isSameFile(a: FileId, b: FileId): boolean {
  return a.inode === b.inode && a.size === b.size && a.modifiedMs === b.modifiedMs && a.device === b.device;
}

/** Whether nothing about it has changed at all. */
export function isUntouched(a: FileId, b: FileId): boolean {
  return a.changedMs === b.changedMs && isSameFile(a, b);
}

/** Longer than the steps in which file systems count time. */
const settleMs = 1000;

/**
 * Whether a change after `timeMs` would show in the times of a file. One that follows within the same step of the file system's
 * clock does not, so what was changed just now must be looked at again, and its times are no strong validator.
 */
export function isSettled(timeMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - timeMs) >= settleMs;
}
