import { colon, cr, del, lf, lowerToken, space, tab } from './byte-classes.ts';
import { Framing } from './framing.ts';
import {
  framingCount,
  hashSeed,
  positionBits,
  positionMask,
  slotMask,
  watchedHash,
  watchedNames,
  watchedSlot,
} from './header-name.ts';
import { cannotGoOn, needsMore, type ParseFailure } from './parse-failure.ts';

// Where in a line the scanner is.
const inName = 0;
const afterColon = 1;
const inValue = 2;
const afterValueCr = 3;
const afterLastCr = 4;

/** Of lines in a head. */
const usualCount = 16;
const noMarks: number[] = [];

/** Positions are kept in so many bits: no section of fields is longer. */
export const maxSectionBytes: number = positionMask;

/**
 * Scans a section of fields (RFC 9112 section 5) up to its empty line. It looks at each byte once, however the bytes are
 * split: what it knows of an unfinished line is kept between calls. Bench: `bench/http.ts`; plain
 * version: `test/conformance/http/plain-parser.ts`.
 */
export class FieldScanner {
  /** What Host, Content-Length and so on said. */
  readonly framing: Framing = new Framing();
  failure: ParseFailure | undefined = undefined;
  // For `Fields`.
  marks: number[] = noMarks;
  count = 0;
  mask = 0;
  #maxFields = 0;
  #state = inName;
  #hash = hashSeed;
  /** The framing name of the line, 0 for others. */
  #framingName = 0;
  // Relative to the beginning of the section's text, which may move.
  #nameStart = 0;
  #valueStart = 0;

  /** Begins a section, which is no longer than `maxSectionBytes`; its first line is at `start`, relative to the text. */
  begin(start: number, maxFields: number, isTrailer: boolean): void {
    this.framing.reset(isTrailer);
    this.failure = undefined;
    // Most heads need no more places; a list that grew from nothing would be copied.
    this.marks = new Array<number>(usualCount);
    this.count = 0;
    this.mask = 0;
    this.#maxFields = maxFields;
    this.#state = inName;
    this.#hash = hashSeed;
    this.#nameStart = start;
  }

  /**
   * Goes on at `from`; the text of the section begins at `base`. Returns the position after the empty line, `needsMore`
   * when it came to `end`, or `cannotGoOn`.
   */
  scan(bytes: Uint8Array, from: number, end: number, base: number): number {
    let at = from;
    let state = this.#state;
    let hash = this.#hash;
    let framingName = this.#framingName;
    let nameStart = this.#nameStart + base;
    let valueStart = this.#valueStart + base;
    for (;;) {
      if (state === inName) {
        for (; at < end; at++) {
          const lower = lowerToken[bytes[at]!]!;
          if (lower === 0) break;
          hash = (Math.imul(hash, 33) ^ lower) | 0;
        }
        if (at >= end) break;
        if (bytes[at] !== colon || at === nameStart) {
          if (bytes[at] !== cr || at !== nameStart) return this.#refuseName(bytes[at]!, at === nameStart);
          at++;
          state = afterLastCr;
        } else {
          at++;
          if (this.count === this.#maxFields) return this.#tooMany();
          this.marks[this.count++] = (hash << positionBits) | (nameStart - base);
          framingName = 0;
          const watched = watchedSlot[hash & slotMask]!;
          if (watched !== 0 && watchedHash[watched] === hash) {
            this.mask |= 1 << watched;
            if (watched <= framingCount) framingName = isWatched(bytes, nameStart, at - 1, watched) ? watched : 0;
          }
          state = afterColon;
        }
      }
      if (state === afterColon) {
        for (; at < end; at++) if (bytes[at] !== space && bytes[at] !== tab) break;
        if (at >= end) break;
        valueStart = at;
        state = inValue;
      }
      if (state === inValue) {
        for (; at < end; at++) {
          const byte = bytes[at]!;
          if ((byte < space && byte !== tab) || byte === del) break;
        }
        if (at >= end) break;
        if (bytes[at] !== cr) return this.#fail('a field value has a control character or a line without CR');
        at++;
        state = afterValueCr;
      }
      if (state === afterValueCr) {
        if (at >= end) break;
        if (bytes[at] !== lf) return this.#fail('a CR is not followed by LF');
        if (framingName !== 0 && !this.framing.take(framingName, bytes, valueStart, at - 1, base)) {
          this.failure = this.framing.failure;
          return cannotGoOn;
        }
        at++;
        nameStart = at;
        hash = hashSeed;
        state = inName;
      } else if (state === afterLastCr) {
        if (at >= end) break;
        if (bytes[at] !== lf) return this.#fail('a CR is not followed by LF');
        return at + 1;
      }
    }
    this.#state = state;
    this.#hash = hash;
    this.#framingName = framingName;
    this.#nameStart = nameStart - base;
    this.#valueStart = valueStart - base;
    return needsMore;
  }

  #refuseName(byte: number, isFirst: boolean): number {
    if (byte === space || byte === tab) {
      return this.#fail(isFirst ? 'a line begins with a blank' : 'a field name has a blank behind it');
    }
    return this.#fail(byte === colon ? 'a field has no name' : 'a field name has a character that is not allowed');
  }

  #tooMany(): number {
    this.failure = { status: 431, what: `there are more than ${this.#maxFields} fields` };
    return cannotGoOn;
  }

  #fail(what: string): number {
    this.failure = { status: 400, what };
    return cannotGoOn;
  }
}

/** Whether a name whose hash is that of a watched one is really that one: hashes can be made to collide. */
function isWatched(bytes: Uint8Array, start: number, end: number, watched: number): boolean {
  const name = watchedNames[watched - 1]!;
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (lowerToken[bytes[start + i]!] !== name.charCodeAt(i)) return false;
  return true;
}
