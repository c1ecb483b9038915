import type { LogLine, LogsAnswer } from '../api/answers.ts';
import type { Params } from '../routing/place.ts';
import { merge } from './tail-buffer.ts';

type Query = (params: Params) => Promise<LogsAnswer>;

/** How many lines are shown on each side of the line in question. */
export const aroundCount = 40;

/**
 * The lines around one line, newest first. The API gives the newest lines of a stretch, so what came right after the line is
 * found by stretches that grow from a quarter of a second until they hold enough or are half an hour long.
 */
export async function fetchAround(
  query: Query,
  around: { readonly id: string; readonly timeMs: number },
): Promise<LogLine[]> {
  const before = query({ before: around.id, limit: aroundCount });
  let after: readonly LogLine[] = [];
  for (let stretchMs = 250; stretchMs <= 2_048_000; stretchMs *= 8) {
    after = (await query({ since: around.timeMs, until: around.timeMs + stretchMs, limit: 500 })).logs;
    if (after.length > aroundCount) break;
  }
  const sorted = merge((await before).logs, after);
  const place = sorted.findIndex((line) => String(line.id) === around.id);
  return place < 0
    ? sorted.slice(-2 * aroundCount)
    : sorted.slice(Math.max(0, place - aroundCount), place + aroundCount + 1);
}
