import { mask } from './mask.ts';
import { fin } from './opcode.ts';

/** Where frames go. A string has one byte a character. */
export interface FrameSink {
  write(data: string | Uint8Array): boolean;
}

/**
 * The sending half of RFC 6455, for one of the two roles. `first` is the first byte of the frame, without FIN, which is
 * always set: messages are never split. `bytes` is how long `data` is as UTF-8.
 */
export interface FrameEncoder {
  /** Writes a frame. False: the sink wants no more for now. */
  write(sink: FrameSink, first: number, data: string | Uint8Array, bytes: number): boolean;
}

/**
 * Payloads up to this go out as text with one character a byte, together with their head: what a wire is given as text it
 * writes by a shorter way than bytes, and all texts of a tick at once (`npm run bench -- websocket`). Longer ones go as they are.
 */
const asTextBytes = 4096;

/** The frames of a server: not masked. */
export const serverFrames: FrameEncoder = {
  write(sink, first, data, bytes) {
    const head = headText(fin | first, bytes);
    if (typeof data === 'string') {
      // ASCII needs no bytes of its own.
      return data.length === bytes ? sink.write(head + data) : sink.write(encodeText(head, data, bytes));
    }
    if (bytes <= asTextBytes) return sink.write(head + latin1(data));
    sink.write(head);
    return sink.write(data);
  },
};

/** The frames of a client: masked, each with a key of its own (RFC 6455 section 5.3). */
export class ClientFrames implements FrameEncoder {
  declare private readonly randomFill: (bytes: Uint8Array) => void;
  declare private readonly keys: Int32Array;
  declare private used: number;

  /** `randomFill` must not be predictable, or a page could choose what proxies on the way see. */
  constructor(randomFill: (bytes: Uint8Array) => void) {
    this.randomFill = randomFill;
    this.keys = new Int32Array(64);
    this.used = this.keys.length;
  }

  write(sink: FrameSink, first: number, data: string | Uint8Array, bytes: number): boolean {
    const headBytes = headLength(bytes) + 4;
    const frame = Buffer.allocUnsafe(headBytes + bytes);
    writeHead(frame, fin | first, bytes, 0x80);
    const key = this.#nextKey();
    frame.writeInt32LE(key, headBytes - 4);
    if (typeof data === 'string') frame.write(data, headBytes, bytes, data.length === bytes ? 'latin1' : 'utf8');
    else frame.set(data, headBytes);
    mask(frame, headBytes, frame.length, key);
    return sink.write(frame);
  }

  #nextKey(): number {
    if (this.used === this.keys.length) {
      this.randomFill(new Uint8Array(this.keys.buffer));
      this.used = 0;
    }
    return this.keys[this.used++]!;
  }
}

/** A whole frame of a server, for many connections. */
export function serverFrame(first: number, data: string | Uint8Array, bytes: number): string | Uint8Array {
  if (bytes <= asTextBytes) {
    const isAscii = typeof data === 'string' && data.length === bytes;
    return (
      headText(fin | first, bytes) + (isAscii ? data : latin1(typeof data === 'string' ? Buffer.from(data) : data))
    );
  }
  const headBytes = headLength(bytes);
  const frame = Buffer.allocUnsafeSlow(headBytes + bytes);
  writeHead(frame, fin | first, bytes, 0);
  if (typeof data === 'string') frame.write(data, headBytes, 'utf8');
  else frame.set(data, headBytes);
  return frame;
}

function headLength(bytes: number): number {
  return bytes < 126 ? 2 : bytes < 0x10000 ? 4 : 10;
}

/** The length in its shortest form (RFC 6455 section 5.2). */
function writeHead(frame: Buffer, first: number, bytes: number, maskBit: number): void {
  frame[0] = first;
  if (bytes < 126) {
    frame[1] = maskBit | bytes;
  } else if (bytes < 0x10000) {
    frame[1] = maskBit | 126;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = maskBit | 127;
    frame.writeUInt32BE(Math.floor(bytes / 2 ** 32), 2);
    frame.writeUInt32BE(bytes >>> 0, 6);
  }
}

function headText(first: number, bytes: number): string {
  if (bytes < 126) return String.fromCharCode(first, bytes);
  if (bytes < 0x10000) return String.fromCharCode(first, 126, bytes >>> 8, bytes & 0xff);
  const high = Math.floor(bytes / 2 ** 32);
  const [a, b, c, d] = [bytes >>> 24, (bytes >>> 16) & 0xff, (bytes >>> 8) & 0xff, bytes & 0xff];
  return String.fromCharCode(first, 127, 0, 0, high >>> 8, high & 0xff, a, b, c, d);
}

function encodeText(head: string, text: string, bytes: number): string | Uint8Array {
  if (bytes <= asTextBytes) return head + latin1(Buffer.from(text));
  const frame = Buffer.allocUnsafe(head.length + bytes);
  frame.write(head, 0, 'latin1');
  frame.write(text, head.length, 'utf8');
  return frame;
}

function latin1(data: Uint8Array): string {
  const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return bytes.toString('latin1');
}
