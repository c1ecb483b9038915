import { Sink } from '../codec/sink.ts';
import type { Source } from '../codec/source.ts';

/** Of names and values in turn: the payload of a METADATA frame, last one first as the sink wants it. */
export function encodePairs(pairs: readonly string[]): Uint8Array {
  const sink = new Sink();
  for (let at = pairs.length - 1; at >= 0; at--) sink.string(pairs[at]!, 0);
  return sink.finish();
}

/** Names and values as they came. Throws a RangeError for what is cut off. */
export function decodePairs(source: Source, end: number): (readonly [string, string])[] {
  const entries: (readonly [string, string])[] = [];
  while (source.at < end) entries.push([source.string(end, false), source.string(end, false)]);
  return entries;
}
