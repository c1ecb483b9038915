import { deflateMessage } from './deflate/message-deflate.ts';
import { serverFrame } from './frame/frame-encoder.ts';
import { Opcode, rsv1 } from './frame/opcode.ts';
import type { Message } from './websocket-connection.ts';

export interface EncodeOptions {
  /** 1 (fast) to 9 (small), for those who agreed on compression. Default: 1. */
  readonly level?: number;
}

/** A message that was encoded once, for any number of connections. Made by {@link encodeMessage}. */
export class PreparedMessage {
  /** @internal */
  readonly data: Message;
  /** As UTF-8. @internal */
  readonly bytes: number;
  /** @internal */
  readonly opcode: number;
  readonly #level: number;
  #plain: string | Uint8Array | undefined;
  #deflated: string | Uint8Array | undefined;

  /** @internal */
  constructor(data: Message, level: number) {
    this.data = data;
    this.bytes = byteLength(data);
    this.opcode = typeof data === 'string' ? Opcode.text : Opcode.binary;
    this.#level = level;
  }

  /** The frame of a server. @internal */
  get plain(): string | Uint8Array {
    this.#plain ??= serverFrame(this.opcode, this.data, this.bytes);
    return this.#plain;
  }

  /** The same compressed with the largest window; the plain one if that is not shorter. Made when first needed. @internal */
  get deflated(): string | Uint8Array {
    if (this.#deflated === undefined) {
      const payload = deflateMessage(bytesOf(this.data), 15, this.#level);
      this.#deflated =
        payload.length < this.bytes ? serverFrame(this.opcode | rsv1, payload, payload.length) : this.plain;
    }
    return this.#deflated;
  }
}

/**
 * Encodes a message once, to send the same bytes to many: `broadcast`, or `send` and `trySend` of any connection. Bytes are
 * copied when it is first sent.
 */
export function encodeMessage(data: Message, { level = 1 }: EncodeOptions = {}): PreparedMessage {
  if (!Number.isInteger(level) || level < 1 || level > 9)
    throw new RangeError(`encodeMessage: level is ${level}; it must be a whole number from 1 to 9`);
  return new PreparedMessage(data, level);
}

/** How long a message is on the wire. Throws a TypeError for what is none. */
export function byteLength(data: Message): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  if (data instanceof Uint8Array) return data.length;
  throw new TypeError(`a message must be a string, a Uint8Array or a prepared message, not ${typeof data}`);
}

export function bytesOf(data: Message): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data;
}
