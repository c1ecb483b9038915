import { cr, isValueByte, lf, space } from './byte-classes.ts';
import { cannotGoOn, needsMore, type ParseFailure } from './parse-failure.ts';

const zero = 48;
const nine = 57;

/** `HTTP/1.x` SP and three digits, of which `x` is 0 or 1 and the first one not 0. */
const pattern = 'HTTP/1.x 100';
const minorDigit = 7;
const firstDigit = 9;

// Where in the line the scanner is, behind the places of the pattern.
const afterCode = pattern.length;
const inReason = afterCode + 1;
const afterCr = afterCode + 2;

/**
 * Scans a status line (RFC 9112 section 4); like the field scanner it looks at each byte once. The space before an empty
 * reason may be missing: many servers leave it out, and nothing else can be meant.
 */
export class StatusLine {
  failure: ParseFailure | undefined = undefined;
  /** 0 or 1. */
  minor = 0;
  status = 0;
  // Relative to the beginning of the line.
  reasonStart = 0;
  reasonEnd = 0;
  #state = 0;

  begin(): void {
    this.failure = undefined;
    this.status = 0;
    this.#state = 0;
  }

  /** Goes on at `from` in a line that begins at `base`. Returns the position after the line, or as the field scanner does. */
  scan(bytes: Uint8Array, from: number, end: number, base: number): number {
    for (let at = from; at < end; at++) {
      const byte = bytes[at]!;
      if (this.#state === inReason) {
        while (at < end && isValueByte[bytes[at]!] === 1) at++;
        if (at === end) return needsMore;
        if (!this.#endReason(bytes[at]!, at - base)) return cannotGoOn;
      } else if (this.#state === afterCr) {
        if (byte === lf) return at + 1;
        return this.#fail('a CR is not followed by LF');
      } else if (this.#state === afterCode) {
        this.reasonStart = at - base + 1;
        if (byte === space) this.#state = inReason;
        else if (!this.#endReason(byte, this.reasonStart)) return cannotGoOn;
      } else if (!this.#takeStart(byte)) return cannotGoOn;
    }
    return needsMore;
  }

  /** One byte of version and code. */
  #takeStart(byte: number): boolean {
    const place = this.#state++;
    if (place >= firstDigit) {
      const least = place === firstDigit ? zero + 1 : zero;
      this.status = this.status * 10 + byte - zero;
      return (byte >= least && byte <= nine) || this.#fail('the status code is not three digits') > 0;
    }
    if (place !== minorDigit) {
      return byte === pattern.charCodeAt(place) || this.#fail('it does not begin with a version HTTP/1.x') > 0;
    }
    this.minor = byte - zero;
    return byte === zero || byte === zero + 1 || this.#fail('the version is not HTTP/1.0 or HTTP/1.1') > 0;
  }

  #endReason(byte: number, end: number): boolean {
    this.reasonEnd = end;
    this.#state = afterCr;
    return byte === cr || this.#fail('the status line has a character that is not allowed') > 0;
  }

  #fail(what: string): number {
    this.failure = { status: 502, what };
    return cannotGoOn;
  }
}
