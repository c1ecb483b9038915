/** One event of a stream (WHATWG HTML, section 9.2). */
export interface ServerSentEvent {
  /** What the browser's listener is called by. Default: `message`. One line. */
  readonly event?: string | undefined;
  /** Comes back as `Last-Event-ID` when the client reconnects. One line. */
  readonly id?: string;
  /** How long the client waits before it reconnects. */
  readonly retryMs?: number;
  /** A string is sent as it is, anything else as JSON. */
  readonly data: unknown;
}

/** Sent in silence, so that proxies and the client know that the connection lives. */
export const heartbeat = ': \n\n';

/** An event that was encoded once, for all who get it. Do not change its bytes. */
export class EncodedEvent implements ServerSentEvent {
  readonly event: string | undefined;
  readonly id: string;
  readonly data: unknown;
  readonly bytes: Uint8Array;

  private constructor(event: string | undefined, id: string, data: unknown, wire: string) {
    this.event = event;
    this.id = id;
    this.data = data;
    this.bytes = Buffer.from(wire);
  }

  /** Throws as `encodeEvent` does. */
  static of(event: Omit<ServerSentEvent, 'id'>, id: string): EncodedEvent {
    return new EncodedEvent(event.event, id, event.data, encodeFields({ ...event, id }));
  }

  /** Tells a client where it is, and nothing else: without data no listener hears of it (WHATWG HTML, section 9.2.6). */
  static position(id: string): EncodedEvent {
    return new EncodedEvent(undefined, id, '', `id: ${oneLine(id, 'id')}\n\n`);
  }
}

/** The event on the wire. Throws a TypeError for an event or id of several lines, and for data that JSON cannot say. */
export function encodeEvent(event: ServerSentEvent): string | Uint8Array {
  return event instanceof EncodedEvent ? event.bytes : encodeFields(event);
}

function encodeFields({ event, id, retryMs, data }: ServerSentEvent): string {
  let out = '';
  if (event !== undefined) out += `event: ${oneLine(event, 'event')}\n`;
  if (id !== undefined) out += `id: ${oneLine(id, 'id')}\n`;
  if (retryMs !== undefined) {
    if (!Number.isInteger(retryMs) || retryMs < 0)
      throw new TypeError(`retryMs ${retryMs} is not a whole number from 0`);
    out += `retry: ${retryMs}\n`;
  }
  const text: string | undefined = typeof data === 'string' ? data : JSON.stringify(data);
  if (text === undefined) throw new TypeError(`the data of an event cannot be a ${typeof data}`);
  if (!lineBreak.test(text)) return `${out}data: ${text}\n\n`;
  for (const line of text.split(/\r\n|\r|\n/)) out += `data: ${line}\n`;
  return `${out}\n`;
}

const lineBreak = /[\r\n]/;

function oneLine(text: string, what: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a NUL makes browsers ignore an id
  if (/[\r\n\x00]/.test(text))
    throw new TypeError(`the ${what} of an event has a line break or NUL: ${JSON.stringify(text)}`);
  return text;
}
