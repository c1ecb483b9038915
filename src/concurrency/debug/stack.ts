import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where something was called from. V8 keeps the frames and makes text of them only when `stack` is read. */
export interface Site {
  readonly stack?: string;
}

/** The package's own frames between a caller and the place where it is parked would take most of the usual ten. */
const frameLimit = 50;

/** The stack from the caller of `below` upwards, with the async functions that await it. */
export function siteAbove(below: (...args: never[]) => unknown): Site {
  const site: Site = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frameLimit;
  Error.captureStackTrace(site, below);
  Error.stackTraceLimit = limit;
  return site;
}

/**
 * The frames for a person: those of one task, without those of Node and of this area, and with paths relative to the
 * working directory where they are below it. A wait that only this area leads to keeps this area's frames, so that none is
 * left without a place.
 */
export function readableFrames(site: Site): readonly string[] {
  const lines = (site.stack ?? '').split('\n').map((line) => line.trim());
  // Up to its first wait a task stands on the stack of its starter, which is told of as such.
  const start = lines.findIndex((line) => line.startsWith('at Recorder.task '));
  const frames = lines
    .slice(0, start === -1 ? lines.length : start)
    .filter((line) => line.startsWith('at ') && !isOfNode(line));
  const foreign = frames.filter((line) => !isOfThisArea(line));
  return (foreign.length > 0 ? foreign : frames).map(readable);
}

/**
 * Whether both were called in one step: they then stand on common frames, at other places of the same functions, and not
 * only on functions that await them.
 */
export function isOneStep(site: Site, other: Site): boolean {
  const callers = callersOf(site);
  return callersOf(other).some((caller) => callers.includes(caller));
}

/** The functions on the stack that are neither of Node nor of this area, with their files. */
function callersOf(site: Site): string[] {
  const lines = (site.stack ?? '').split('\n').map((line) => line.trim());
  const resumed = lines.findIndex((line) => line.startsWith('at async '));
  return lines
    .slice(0, resumed === -1 ? lines.length : resumed)
    .filter((line) => line.startsWith('at ') && !isOfNode(line) && !isOfThisArea(line))
    .map((line) => line.replace(/:\d+:\d+\)?$/, ''));
}

function isOfNode(line: string): boolean {
  return /[ (]node:/.test(line) || line.endsWith('(<anonymous>)');
}

const thisArea = new URL('..', import.meta.url).href;

function isOfThisArea(line: string): boolean {
  return line.includes(thisArea) && !/\.(test|contract)\.[jt]s:|\/testdata\//.test(line);
}

function readable(line: string): string {
  return line.replace(/file:\/\/\S+?(?=:\d+:\d+\)?$)/, (url) => {
    const path = fileURLToPath(url);
    const below = relative(process.cwd(), path);
    return below.startsWith('..') ? path : below;
  });
}
