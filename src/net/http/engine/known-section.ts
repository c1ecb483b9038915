import { Buffer } from 'node:buffer';
import { lf } from './byte-classes.ts';
import type { Fields } from './fields.ts';

/** More than this is not kept for later. */
const maxBytes = 4096;
/** So many heads in a row that have other fields make it forget, and not learn before so many more. */
const maxMisses = 4;
const pause = 32;

/**
 * Clients send the same fields with request after request, so the last section that came twice is remembered: when the
 * bytes are the same, so is all that follows from them, and one comparison replaces the scan. Bench: `bench/http.ts`.
 */
export class KnownSection {
  fields: Fields | undefined = undefined;
  host = '';
  facts = 0;
  contentLength = 0;
  #bytes: Buffer | undefined = undefined;
  #lastLength = 0;
  #misses = 0;
  #pause = 0;

  /** How long the section at `at` is if it is the known one; 0 if it is not. */
  match(bytes: Uint8Array, at: number, end: number): number {
    const known = this.#bytes;
    if (known === undefined) return 0;
    const { length } = known;
    const last = at + length - 1;
    if (last < end && bytes[last] === lf && known.compare(bytes, at, last + 1) === 0) {
      this.#misses = 0;
      return length;
    }
    if (++this.#misses === maxMisses) {
      this.#bytes = undefined;
      this.fields = undefined;
      this.#misses = 0;
      this.#pause = pause;
    }
    return 0;
  }

  /** To be told of each valid section that was not the known one. */
  learn(
    bytes: Uint8Array,
    at: number,
    end: number,
    fields: Fields,
    host: string,
    facts: number,
    contentLength: number,
  ): void {
    const length = end - at;
    const isLikely = length === this.#lastLength && length <= maxBytes;
    this.#lastLength = length;
    if (this.#pause > 0) {
      this.#pause--;
      return;
    }
    if (!isLikely) return;
    this.#bytes = Buffer.from(bytes.subarray(at, end));
    this.fields = fields;
    this.host = host;
    this.facts = facts;
    this.contentLength = contentLength;
  }
}
