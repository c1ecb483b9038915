import { STATUS_CODES } from 'node:http';

/** `HTTP/1.1 200 OK` and its line end. */
export function statusLine(status: number): string {
  return statusLines[status] ?? `HTTP/1.1 ${status} \r\n`;
}

// A sparse array would be a hash table; the few hundred holes are cheaper than that on each answer.
const statusLines: readonly (string | undefined)[] = Array.from({ length: 600 }, (_, status) =>
  STATUS_CODES[status] === undefined ? undefined : `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`,
);

/** Name and value in turn, as lines. */
export function headerLines(headers: readonly string[]): string {
  let lines = '';
  for (let i = 0; i + 1 < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return lines;
}

/**
 * The heads of a server's answers up to what says how long the body is. The date and what becomes of the connection are
 * made anew once a second (RFC 9110, section 6.6.1, wants no finer date), since formatting a date costs as much as the rest
 * of the head. Answers of one kind share their headers, so that the head of the last one mostly is that of the next.
 */
export class ReplyHeads {
  readonly #keepAliveText: string;
  #keepAlive = '';
  #close = '';
  #validUntil = Number.NEGATIVE_INFINITY;
  #lastStatus = 0;
  #lastHeaders: readonly string[] | undefined;
  #lastHead = '';

  constructor(keepAliveMs: number) {
    // The hint lets a client stop using the connection just before it is closed (RFC 2068, section 19.7.1.1).
    this.#keepAliveText = `connection: keep-alive\r\nkeep-alive: timeout=${Math.max(1, Math.floor(keepAliveMs / 1000))}\r\n`;
  }

  /** `headers`: name and value in turn. `now` is any clock of milliseconds that only grows. */
  make(status: number, headers: readonly string[], isLast: boolean, now: number): string {
    if (now >= this.#validUntil) this.#renew(now);
    if (isLast) return statusLine(status) + headerLines(headers) + this.#close;
    if (headers !== this.#lastHeaders || status !== this.#lastStatus) {
      this.#lastHead = statusLine(status) + headerLines(headers) + this.#keepAlive;
      this.#lastHeaders = headers;
      this.#lastStatus = status;
    }
    return this.#lastHead;
  }

  #renew(now: number): void {
    const wall = Date.now();
    const date = `date: ${new Date(wall).toUTCString()}\r\n`;
    this.#keepAlive = date + this.#keepAliveText;
    this.#close = `${date}connection: close\r\n`;
    this.#validUntil = now + 1000 - (wall % 1000);
    this.#lastHeaders = undefined;
  }
}

/**
 * Text as the wire takes it: one character a byte of its UTF-8. Almost all text is ASCII and is its own encoding; the
 * length tells which, and is needed anyway.
 */
export function encodeText(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
}
