/** The frames of a case, before it is known who sends them. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** Default: true. */
  readonly fin?: boolean;
  /** The three reserved bits as a number from 0 to 7; 4 is RSV1. Default: 0. */
  readonly rsv?: number;
  /** Masked where it must not be, and the other way round. Default: false. */
  readonly wrongMask?: boolean;
  /** How the length is written. Default: in its shortest form. */
  readonly lengthBytes?: 1 | 2 | 8;
  /** The length that is said, where it is not that of the payload. */
  readonly length?: bigint;
}

export type Role = 'client' | 'server';

export const text = (payload: string | Uint8Array, more: Partial<Frame> = {}): Frame => frame(1, payload, more);
export const binary = (payload: string | Uint8Array, more: Partial<Frame> = {}): Frame => frame(2, payload, more);
export const more = (payload: string | Uint8Array, options: Partial<Frame> = {}): Frame => frame(0, payload, options);
export const ping = (payload: string | Uint8Array = '', options: Partial<Frame> = {}): Frame =>
  frame(9, payload, options);
export const pong = (payload: string | Uint8Array = '', options: Partial<Frame> = {}): Frame =>
  frame(10, payload, options);

export function close(code?: number, reason: string | Uint8Array = ''): Frame {
  if (code === undefined) return frame(8, '');
  return frame(8, Buffer.concat([Buffer.of(code >> 8, code & 0xff), bytesOf(reason)]));
}

export function frame(opcode: number, payload: string | Uint8Array, options: Partial<Frame> = {}): Frame {
  return { opcode, payload: bytesOf(payload), ...options };
}

export function bytesOf(payload: string | Uint8Array): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

export function hex(digits: string): Uint8Array {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex');
}

/** The bytes of a frame as this role sends it; a client's mask is always the same. */
export function encode(role: Role, { opcode, payload, fin = true, rsv = 0, ...rest }: Frame): Buffer {
  const isMasked = (role === 'client') !== (rest.wrongMask ?? false);
  const length = rest.length ?? BigInt(payload.length);
  const lengthBytes = rest.lengthBytes ?? (length < 126n ? 1 : length < 65_536n ? 2 : 8);
  const head = Buffer.alloc(lengthBytes === 1 ? 2 : 2 + lengthBytes);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (isMasked ? 0x80 : 0) | (lengthBytes === 1 ? Number(length) : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) head.writeUInt16BE(Number(length), 2);
  if (lengthBytes === 8) head.writeBigUInt64BE(length, 2);
  if (!isMasked) return Buffer.concat([head, payload]);
  const key = [0x37, 0xfa, 0x21, 0x3d];
  return Buffer.concat([head, Buffer.from(key), payload.map((byte, i) => byte ^ key[i % 4]!)]);
}

/** A frame that was received, unmasked. */
export interface Received {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly isMasked: boolean;
  readonly payload: Buffer;
}

/** The first frame of these bytes and what follows it; undefined if it is not complete. A plain reader, to judge ours by. */
export function decode(bytes: Buffer): { readonly frame: Received; readonly rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const isMasked = bytes[1]! >= 0x80;
  let at = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < at) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const key = isMasked ? bytes.subarray(at, at + 4) : Buffer.alloc(4);
  if (isMasked) at += 4;
  if (bytes.length < at + length) return undefined;
  const payload = Buffer.from(bytes.subarray(at, at + length).map((byte, i) => byte ^ key[i % 4]!));
  const first = bytes[0]!;
  return {
    frame: { fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, isMasked, payload },
    rest: bytes.subarray(at + length),
  };
}
