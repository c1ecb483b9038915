import { maxSectionBytes } from './field-scanner.ts';

/** Bounds of what a peer may send besides content. All are inclusive. */
export interface ParserLimits {
  /** First line and headers with their empty line, in bytes; at most 512 KiB - 1. */
  readonly maxHeaderBytes: number;
  /** Lines of headers, and lines of trailers. */
  readonly maxHeaders: number;
  /** Default: as `maxHeaderBytes`. */
  readonly maxTargetBytes?: number;
  /** All chunk extensions of one message together, in bytes. */
  readonly maxChunkExtensionBytes: number;
  /** Trailers with their empty line, in bytes; at most 512 KiB - 1. */
  readonly maxTrailerBytes: number;
}

/** Throws a RangeError that names the limit and its range. */
export function checkLimits(limits: ParserLimits): void {
  const atMost = {
    maxHeaderBytes: maxSectionBytes,
    maxTrailerBytes: maxSectionBytes,
    maxHeaders: maxSectionBytes,
    maxTargetBytes: maxSectionBytes,
    maxChunkExtensionBytes: Number.MAX_SAFE_INTEGER,
  };
  for (const [name, most] of Object.entries(atMost) as [keyof ParserLimits, number][]) {
    const value = limits[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= most)) {
      throw new RangeError(`${name} is ${value}; it must be a whole number from 0 to ${most}`);
    }
  }
}
