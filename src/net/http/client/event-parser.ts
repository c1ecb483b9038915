/** One event of a stream, as its reader gets it. */
export interface ParsedEvent {
  /** Default: `message`. */
  readonly event: string;
  /** The last id that the stream gave, with this event or before it; '' if it gave none. */
  readonly id: string;
  readonly data: string;
}

const lineEnd = /\r\n|\r|\n/g;

/**
 * The bytes of a text/event-stream into events (WHATWG HTML, section 9.2.6), in any split. An event that the stream does
 * not finish is dropped. Throws a RangeError for a line or an event above `maxChars`.
 */
export class EventParser {
  /** To say where to go on, and how long to wait before it. */
  lastId: string;
  retryMs: number | undefined;
  readonly #maxChars: number;
  readonly #decoder = new TextDecoder();
  #rest = '';
  #endedInCr = false;
  #event = '';
  #data: string[] = [];
  #size = 0;
  #id: string;

  constructor(lastId: string, maxChars: number) {
    this.lastId = lastId;
    this.#id = lastId;
    this.#maxChars = maxChars;
  }

  /** The events that these bytes complete. */
  push(bytes: Uint8Array): ParsedEvent[] {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return [];
    // Its LF belongs to the CR that the last piece ended in.
    if (this.#endedInCr && text.startsWith('\n')) text = text.slice(1);
    this.#endedInCr = text.endsWith('\r');
    const events: ParsedEvent[] = [];
    let start = 0;
    for (const match of text.matchAll(lineEnd)) {
      const line = this.#rest + text.slice(start, match.index);
      this.#rest = '';
      start = match.index + match[0].length;
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    this.#rest += text.slice(start);
    this.#check(this.#rest.length);
    return events;
  }

  #line(line: string): ParsedEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') {
      this.#size += value.length + 1;
      this.#check(this.#size);
      this.#data.push(value);
    } else if (name === 'event') this.#event = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  #dispatch(): ParsedEvent | undefined {
    const data = this.#data;
    const event = this.#event;
    this.lastId = this.#id;
    this.#data = [];
    this.#event = '';
    this.#size = 0;
    if (data.length === 0) return undefined;
    return { event: event === '' ? 'message' : event, id: this.lastId, data: data.join('\n') };
  }

  #check(size: number): void {
    if (size > this.#maxChars) throw new RangeError(`an event of more than ${this.#maxChars} characters`);
  }
}
