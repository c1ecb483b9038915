/** The part of a V8 CPU profile that is read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
}

export interface ProfileNode {
  readonly callFrame: CodePlace;
  /** Samples in which it was on top. */
  readonly hitCount?: number | undefined;
}

/** A place in the code as the inspector names it: lines and columns count from 0. */
export interface CodePlace {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** The functions that were on top most often, with their share of the samples: `inner (file:///srv/room.ts:12) 97 %`. */
export function hottest(profile: CpuProfile, count = 5): string[] {
  const samples = new Map<string, number>();
  let all = 0;
  for (const { callFrame, hitCount = 0 } of profile.nodes) {
    if (hitCount === 0) continue;
    all += hitCount;
    const place = placeOf(callFrame);
    samples.set(place, (samples.get(place) ?? 0) + hitCount);
  }
  return [...samples]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([place, hits]) => `${place} ${Math.round((100 * hits) / all)} %`);
}

/** Lines as `Error.stack` has them. */
export function stackLines(frames: readonly CodePlace[]): string[] {
  return frames.map((frame) => {
    const { functionName, url, lineNumber, columnNumber } = frame;
    const place = `${url || '<anonymous>'}:${lineNumber + 1}:${columnNumber + 1}`;
    return functionName === '' ? `    at ${place}` : `    at ${functionName} (${place})`;
  });
}

/** V8 names its own work in brackets, without a place: `(garbage collector)`. */
function placeOf({ functionName, url, lineNumber }: CodePlace): string {
  if (url === '') return functionName || '<anonymous>';
  return `${functionName || '<anonymous>'} (${url}:${lineNumber + 1})`;
}
