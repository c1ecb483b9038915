import { relative, sep } from 'node:path';

/** A path as it is typed in this directory: relative if it lies within. */
export function shownPath(path: string, cwd: string): string {
  return path.startsWith(cwd + sep) ? relative(cwd, path) : path;
}
