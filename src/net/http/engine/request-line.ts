import { cr, isTargetByte, lf, lowerToken, space } from './byte-classes.ts';
import { cannotGoOn, needsMore, type ParseFailure } from './parse-failure.ts';

// Where in the line the scanner is.
const inMethod = 0;
const inTarget = 1;
const inVersion = 2;

const maxMethodBytes = 32;
const slash = 47;
const zero = 48;
const nine = 57;

/** `HTTP/1.x` CR LF: what has to follow the target. 0 stands for the last digit. */
const versionLine: Uint8Array = Uint8Array.from([72, 84, 84, 80, 47, 49, 46, 0, cr, lf]);
const major = 5;
const minorDigit = 7;

/** Scans a request line (RFC 9112 section 3); like the field scanner it looks at each byte once. */
export class RequestLine {
  failure: ParseFailure | undefined = undefined;
  /** 0 or 1. */
  minor = 0;
  // Relative to the beginning of the line.
  methodEnd = 0;
  targetEnd = 0;
  #state = inMethod;
  /** How much of the version has been seen. */
  #seen = 0;
  #maxTargetBytes = 0;

  begin(maxTargetBytes: number): void {
    this.failure = undefined;
    this.#state = inMethod;
    this.#seen = 0;
    this.#maxTargetBytes = maxTargetBytes;
  }

  /** Goes on at `from` in a line that begins at `base`. Returns the position after the line, or as the field scanner does. */
  scan(bytes: Uint8Array, from: number, end: number, base: number): number {
    let at = from;
    if (this.#state === inMethod) {
      const stop = Math.min(end, base + maxMethodBytes + 1);
      while (at < stop && lowerToken[bytes[at]!] !== 0) at++;
      if (at - base > maxMethodBytes) return this.#fail(501, `the method is longer than ${maxMethodBytes}`);
      if (at >= end) return needsMore;
      if (bytes[at] !== space || at === base)
        return this.#fail(400, 'the method is not one token with a space behind it');
      this.methodEnd = at - base;
      at++;
      this.#state = inTarget;
    }
    if (this.#state === inTarget) {
      while (at < end && isTargetByte[bytes[at]!] === 1) at++;
      const start = this.methodEnd + 1 + base;
      if (at - start > this.#maxTargetBytes)
        return this.#fail(414, `the target is longer than ${this.#maxTargetBytes}`);
      if (at >= end) return needsMore;
      if (bytes[at] !== space || at === start)
        return this.#fail(400, 'the target is empty or has a character that is not allowed');
      this.targetEnd = at - base;
      at++;
      this.#state = inVersion;
    }
    if (this.#seen === 0 && end - at >= versionLine.length && isHttp11(bytes, at)) {
      this.minor = 1;
      return at + versionLine.length;
    }
    return this.#scanVersion(bytes, at, end);
  }

  #scanVersion(bytes: Uint8Array, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = bytes[at]!;
      const isRight = this.#seen === minorDigit ? byte === zero || byte === zero + 1 : byte === versionLine[this.#seen];
      if (!isRight) {
        const isOther = (this.#seen === major || this.#seen === minorDigit) && byte >= zero && byte <= nine;
        return isOther
          ? this.#fail(505, 'the version is not HTTP/1.0 or HTTP/1.1')
          : this.#fail(400, 'the request line does not end with a version of HTTP and CRLF');
      }
      if (this.#seen === minorDigit) this.minor = byte - zero;
      if (++this.#seen === versionLine.length) return at + 1;
    }
    return needsMore;
  }

  #fail(status: number, what: string): number {
    this.failure = { status, what };
    return cannotGoOn;
  }
}

function isHttp11(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 72 &&
    bytes[at + 1] === 84 &&
    bytes[at + 2] === 84 &&
    bytes[at + 3] === 80 &&
    bytes[at + 4] === slash &&
    bytes[at + 5] === 49 &&
    bytes[at + 6] === 46 &&
    bytes[at + 7] === 49 &&
    bytes[at + 8] === cr &&
    bytes[at + 9] === lf
  );
}
