import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildExit } from './child.ts';

/** Why a process ended, for the operator. */
export interface Diagnosis {
  /** One line: the error itself. */
  readonly cause: string;
  /** Where: the place, the source line, the first frames. May be empty. */
  readonly details: readonly string[];
  /** What to do about it. */
  readonly fix: string;
}

export interface DiagnoseOptions {
  /** `room` */
  readonly name: string;
  /** The file that runs it, as the operator knows it. */
  readonly entry: string;
  readonly exit: ChildExit;
  /** Paths are shown relative to it. */
  readonly cwd: string;
}

const maxDetails = 8;
/** Node's last line of an uncaught error. */
const footer = /^Node\.js v\d/;
const errorHead = /^(?:\[?[\w$.]*(?:Error|Exception)\b|Uncaught\b|node:internal)/;

/** Reads the error out of the way a process ended and what it last printed. */
export function diagnose(options: DiagnoseOptions): Diagnosis {
  const { exit } = options;
  const lines = exit.errorLines.filter((line) => !footer.test(line)).map((line) => shortenPaths(line, options.cwd));
  if (exit.failure !== undefined) {
    const [cause = '', ...details] = exit.failure.split('\n').map((line) => shortenPaths(line, options.cwd));
    return { cause, details: details.slice(0, maxDetails), fix: fixFor(exit.failure, [], options) };
  }
  const at = lines.findLastIndex((line) => errorHead.test(line) && !line.startsWith('node:internal'));
  const cause = lines[at];
  if (cause === undefined)
    return {
      cause: howItEnded(exit),
      details: lines.filter(notBlank).slice(-maxDetails),
      fix: fixFor('', [], options),
    };
  const before = placeBefore(lines, at);
  const frames = lines
    .slice(at + 1)
    .filter((line) => line.trimStart().startsWith('at ') && !line.includes('node:internal'));
  return { cause, details: [...before, ...frames].slice(0, maxDetails), fix: fixFor(cause, before, options) };
}

/** `exited with code 1`, `was killed by SIGKILL`. */
export function howItEnded(exit: Pick<ChildExit, 'code' | 'signal'>): string {
  if (exit.signal !== null) return `was killed by ${exit.signal}`;
  return exit.code === null ? 'could not be started' : `exited with code ${exit.code}`;
}

/** Node prints `file:line`, the source and a caret above an error of the parser or of the first throw. */
function placeBefore(lines: readonly string[], at: number): string[] {
  const start = lines.findLastIndex(
    (line, index) => index < at && /^\S.*:\d+$/.test(line) && !line.startsWith('node:'),
  );
  return start < 0 ? [] : lines.slice(start, at).filter(notBlank);
}

const fixes: readonly (readonly [pattern: RegExp, fix: (options: DiagnoseOptions, place: string) => string])[] = [
  [
    /SyntaxError|ERR_INVALID_TYPESCRIPT_SYNTAX|ERR_UNSUPPORTED_TYPESCRIPT/,
    (options, place) => `correct ${place || options.entry} and save: it starts again by itself`,
  ],
  [
    /ERR_MODULE_NOT_FOUND|Cannot find (module|package)|ERR_PACKAGE_PATH_NOT_EXPORTED/,
    () => 'correct the import and save, or install the package with npm install',
  ],
  [
    /EADDRINUSE|ADDRESS_IN_USE|address already in use/,
    () => 'end the process that holds the port, or give this service another one',
  ],
  [
    /INVALID_INPUT|invalid config/i,
    ({ name }) => `correct the configuration of ${name}: its environment, its file or its defaults`,
  ],
  [
    /did not become ready/,
    ({ entry }) => `look for what ${entry} waits for at start; it must end with: if (import.meta.main) await run(main)`,
  ],
  [
    /event loop is stuck.*\.cpuprofile/,
    () => 'open the profile in Chrome DevTools (Performance, load) or VS Code: what is widest never came back',
  ],
  [
    /event loop is stuck in native code/,
    ({ entry }) => `look for what ${entry} waits for without returning to the loop: a name that ends with Sync`,
  ],
  [/event loop is stuck/, () => 'look at the first places of its stack: what runs there never came back'],
  [
    /heap out of memory|ERR_WORKER_OUT_OF_MEMORY/,
    () => 'raise --max-old-space-size in NODE_OPTIONS, or find what keeps the memory',
  ],
];

function fixFor(text: string, place: readonly string[], options: DiagnoseOptions): string {
  const known = fixes.find(([pattern]) => pattern.test(text));
  if (known !== undefined) return known[1](options, place[0] ?? '');
  const { exit, entry } = options;
  if (exit.fix !== undefined) return exit.fix;
  if (exit.signal === 'SIGKILL') return 'nothing if you did it; else the system ran out of memory (see dmesg)';
  if (exit.code === 0 && !exit.wasReady)
    return `${entry} ended without an error: it must end with: if (import.meta.main) await run(main)`;
  return `correct ${entry} and save: it starts again by itself`;
}

/** `file:///srv/app/room/main.ts:3` as `room/main.ts:3`. */
function shortenPaths(line: string, cwd: string): string {
  return line.replace(/file:\/\/\/[^\s:)]+/g, (url) => {
    const path = fileURLToPath(url);
    return path.startsWith(cwd) ? relative(cwd, path) : path;
  });
}

function notBlank(line: string): boolean {
  return line.trim() !== '';
}
