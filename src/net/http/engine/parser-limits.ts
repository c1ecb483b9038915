import { maxSectionBytes } from './field-scanner.ts';

/** Bounds of what a peer may send besides content. All are inclusive. */
export interface ParserLimits {
  /** First line and headers with their empty line, in bytes; at most 512 KiB - 1. */
  readonly maxHeaderBytes: number;
  /** Lines of headers, and lines of trailers. */
  readonly maxHeaders: number;
  /** Default: as `maxHeaderBytes`. */
  readonly maxTargetBytes?: number;
  /** All chunk extensions of one message together, in bytes, from each semicolon on. */
  readonly maxChunkExtensionBytes: number;
  /** Trailers with their empty line, in bytes; at least 2, at most 512 KiB - 1. */
  readonly maxTrailerBytes: number;
}

const ranges: readonly (readonly [name: keyof ParserLimits, least: number, most: number])[] = [
  ['maxHeaderBytes', 1, maxSectionBytes],
  ['maxHeaders', 0, maxSectionBytes],
  ['maxTargetBytes', 1, maxSectionBytes],
  ['maxChunkExtensionBytes', 0, Number.MAX_SAFE_INTEGER],
  ['maxTrailerBytes', 2, maxSectionBytes],
];

/** Throws a RangeError that names the limit and its range. */
export function checkLimits(limits: ParserLimits): void {
  for (const [name, least, most] of ranges) {
    const value = limits[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most)) {
      throw new RangeError(`${name} is ${value}; it must be a whole number from ${least} to ${most}`);
    }
  }
}
