import type { Source } from '../codec/source.ts';

/** The numbers of the protocol: `docs/design/mux.md` says what they mean. */

/** What a client says first: no method of HTTP, no record of TLS and not the preface of HTTP/2 begins with a zero. */
export const preface = Uint8Array.of(0, 0x66, 0x6c, 0x6f, 0x74, 0x6d, 0x75, 0x78);
export const version = 1;

/** u24 length of what follows the header, u8 type, u8 flags, u32 stream. */
export const headerBytes = 9;
export const maxPayloadBytes = 65_536;
/** Beyond it a client opens another connection. */
export const maxStreamId = 0x7fffffff;

export const frames = {
  data: 0,
  call: 1,
  answer: 2,
  reset: 3,
  window: 4,
  settings: 5,
  ping: 6,
  goAway: 7,
  method: 8,
  metadata: 9,
} as const;

export const flags = {
  /** The client sends no more on this stream. */
  end: 0x01,
  /** The message goes on in the stream's next frame. */
  more: 0x02,
  /** There is a message, or a piece of one, at the end of the payload; it may have no bytes. */
  message: 0x04,
  compressed: 0x08,
  /** An answer that is an error. */
  error: 0x10,
  /** A ping or go-away that answers one. */
  ack: 0x01,
  /** Metadata that follow the answer's messages; without it, those that come before them. */
  trailers: 0x01,
} as const;

/** Why a stream is reset or a connection ends. */
export const codes = {
  none: 0,
  cancel: 1,
  /** The stream was not begun: it may be repeated elsewhere. */
  refused: 2,
  internal: 3,
  protocol: 4,
  flowControl: 5,
  tooLarge: 6,
  flood: 7,
  version: 8,
  drain: 9,
  idle: 10,
} as const;

/** What the other side may not do: it ends the connection. */
export class MuxViolation extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The one number that is the payload of some frames. Throws a MuxViolation for another length. */
export function numberAt(source: Source, end: number): number {
  const { bytes, at } = source;
  if (end - at !== 4) throw new MuxViolation(codes.protocol, `a frame with ${end - at} bytes, where it has 4`);
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
