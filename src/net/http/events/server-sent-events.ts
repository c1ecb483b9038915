/** One event of a stream (WHATWG HTML, section 9.2). */
export interface ServerSentEvent {
  /** What the browser's listener is called by. Default: `message`. One line. */
  readonly event?: string;
  /** Comes back as `Last-Event-ID` when the client reconnects. One line. */
  readonly id?: string;
  /** How long the client waits before it reconnects. */
  readonly retryMs?: number;
  /** A string is sent as it is, anything else as JSON. */
  readonly data: unknown;
}

/** Sent in silence, so that proxies and the client know that the connection lives. */
export const heartbeat = ': \n\n';

/** The event on the wire. Throws a TypeError for an event or id of several lines, and for data that JSON cannot say. */
export function encodeEvent({ event, id, retryMs, data }: ServerSentEvent): string {
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
  for (const line of text.split(/\r\n|\r|\n/)) out += `data: ${line}\n`;
  return `${out}\n`;
}

function oneLine(text: string, what: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a NUL makes browsers ignore an id
  if (/[\r\n\x00]/.test(text))
    throw new TypeError(`the ${what} of an event has a line break or NUL: ${JSON.stringify(text)}`);
  return text;
}
