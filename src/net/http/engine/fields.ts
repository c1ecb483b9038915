import type { HttpHeaders } from '../request.ts';
import { colon, lowerToken, space, tab } from './byte-classes.ts';
import { type HeaderName, hashOf, positionBits, positionMask, watched } from './header-name.ts';

/**
 * The fields of a head or of trailers. While they were scanned, only where each line begins and some of the hash of its
 * name were noted; names and values are cut out when they are asked for. Immutable.
 */
export class Fields {
  /** The section as it came, one character per byte (latin1); that of a head begins with its first line. */
  readonly #text: string;
  /** One per line, in order: where in the text it begins, and a part of the hash of its name. */
  readonly #marks: readonly number[];
  /** Which of the watched names may be there. */
  readonly #mask: number;
  /** How many lines there are; a name that came twice counts twice. */
  readonly count: number;

  /** `marks` has the first `count` places filled. */
  constructor(text: string, marks: readonly number[], count: number, mask: number) {
    this.#text = text;
    this.#marks = marks;
    this.#mask = mask;
    this.count = count;
  }

  /** Whether any of the watched names in the mask (see `maskOf`) may be there. False is certain. */
  hasAny(mask: number): boolean {
    return (this.#mask & mask) !== 0;
  }

  has(name: HeaderName): boolean {
    return this.#find(name.name, name.tag, name.bit, 0) >= 0;
  }

  /** The value, without the blanks around it; of one that came several times, all joined by ', ' (Cookie by '; '). */
  get(name: HeaderName): string | undefined {
    return this.#join(name.name, name.tag, name.bit);
  }

  /** Like `get`, by a lower-case name. */
  header(name: string): string | undefined {
    const known = watched.get(name);
    return known === undefined ? this.#join(name, hashOf(name) << positionBits, 0) : this.get(known);
  }

  /** Each value of one name, by its lower-case name: for Set-Cookie, which cannot be joined. */
  all(name: string): readonly string[] {
    const values: string[] = [];
    const tag = hashOf(name) << positionBits;
    for (let at = this.#find(name, tag, 0, 0); at >= 0; at = this.#find(name, tag, 0, at + 1)) {
      values.push(this.#valueAt(at, name.length));
    }
    return values;
  }

  /** All by lower-case name, made anew at each call; the object has no prototype. */
  headers(): HttpHeaders {
    const headers: Record<string, string | undefined> = Object.create(null);
    for (let at = 0; at < this.count; at++) {
      const name = this.#nameAt(at).toLowerCase();
      const earlier = headers[name];
      const value = this.#valueAt(at, name.length);
      headers[name] = earlier === undefined ? value : `${earlier}${separatorOf(name)}${value}`;
    }
    return headers;
  }

  /** Name (as it was written) and value of each line in turn. */
  entries(): readonly string[] {
    const entries: string[] = [];
    for (let at = 0; at < this.count; at++) {
      const name = this.#nameAt(at);
      entries.push(name, this.#valueAt(at, name.length));
    }
    return entries;
  }

  #join(name: string, tag: number, bit: number): string | undefined {
    let at = this.#find(name, tag, bit, 0);
    if (at < 0) return undefined;
    let joined = this.#valueAt(at, name.length);
    for (;;) {
      at = this.#find(name, tag, bit, at + 1);
      if (at < 0) return joined;
      joined += separatorOf(name) + this.#valueAt(at, name.length);
    }
  }

  /** The next line from `from` on that has the name; -1 if there is none. */
  #find(name: string, tag: number, bit: number, from: number): number {
    if (bit !== 0 && (this.#mask & bit) === 0) return -1;
    const marks = this.#marks;
    for (let at = from; at < this.count; at++) {
      if ((marks[at]! ^ tag) >>> positionBits === 0 && this.#isNamed(marks[at]! & positionMask, name)) return at;
    }
    return -1;
  }

  #isNamed(start: number, name: string): boolean {
    const text = this.#text;
    if (text.charCodeAt(start + name.length) !== colon) return false;
    for (let i = 0; i < name.length; i++) {
      if (lowerToken[text.charCodeAt(start + i)] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  #nameAt(at: number): string {
    const start = this.#marks[at]! & positionMask;
    return this.#text.slice(start, this.#text.indexOf(':', start));
  }

  #valueAt(at: number, nameLength: number): string {
    const text = this.#text;
    let start = (this.#marks[at]! & positionMask) + nameLength + 1;
    let end = text.indexOf('\r', start);
    while (start < end && isBlank(text.charCodeAt(start))) start++;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
    return text.slice(start, end);
  }
}

/** Of what came several times, as node:http joins it: cookies are no list of RFC 9110 section 5.3. */
function separatorOf(name: string): string {
  return name === 'cookie' ? '; ' : ', ';
}

function isBlank(code: number): boolean {
  return code === space || code === tab;
}
