import { constants, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib';

/** The end of a flush, which is left out on the wire (RFC 7692 section 7.2.1). */
const flushBytes = 4;

/**
 * What is appended to read a message: what its sender left out, then an empty last block. It makes zlib say whether it
 * came to the end, which it otherwise does not: half a message would pass for a whole one.
 */
const ending = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x03, 0x00);

/** A message may consist of so many streams that end (section 7.2.3.4 allows several); each costs a decompressor. */
const maxStreams = 8;

/**
 * A message without a context. The window and the tables are made for its size, so that a short one does not cost the
 * 268 KB that zlib would take; nothing outlives the call.
 */
export function deflateMessage(payload: Uint8Array, windowBits: number, level: number): Uint8Array {
  const needed = Math.max(9, 32 - Math.clz32(payload.length));
  const window = Math.min(windowBits, needed);
  const deflated = deflateRawSync(payload, {
    finishFlush: constants.Z_SYNC_FLUSH,
    windowBits: window,
    memLevel: Math.max(1, Math.min(8, window - 6)),
    level,
    chunkSize: Math.max(1024, Math.min(payload.length + 64, 65_536)),
  });
  return deflated.subarray(0, deflated.length - flushBytes);
}

/** The whole message, never more than `maxBytes` of it: inflating stops there. */
export function inflateMessage(payload: Uint8Array, maxBytes: number): Uint8Array | 'too-large' | 'corrupt' {
  // Strictly no deflate, but what some make of an empty message.
  if (payload.length === 0) return payload;
  const input = Buffer.concat([payload, ending]);
  const parts: Uint8Array[] = [];
  let size = 0;
  let used = 0;
  for (let stream = 0; stream < maxStreams; stream++) {
    const inflated = inflateStream(used === 0 ? input : input.subarray(used), maxBytes - size);
    if (typeof inflated === 'string') return inflated;
    used += inflated.used;
    size += inflated.bytes.length;
    parts.push(inflated.bytes);
    if (used === input.length || used === payload.length)
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts, size);
    if (used > payload.length) return 'corrupt';
  }
  return 'corrupt';
}

/** One stream, up to its last block. */
function inflateStream(
  input: Uint8Array,
  maxBytes: number,
): { readonly bytes: Uint8Array; readonly used: number } | 'too-large' | 'corrupt' {
  const options: ZlibOptions = {
    maxOutputLength: maxBytes + 1,
    chunkSize: Math.max(1024, Math.min(input.length * 4, maxBytes + 1, 65_536)),
    info: true,
  };
  try {
    const { buffer, engine } = inflateRawSync(input, options) as unknown as WithInfo;
    return buffer.length > maxBytes ? 'too-large' : { bytes: buffer, used: engine.bytesWritten };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ERR_BUFFER_TOO_LARGE') return 'too-large';
    if (code.startsWith('Z_')) return 'corrupt';
    throw error;
  }
}

/** What `info: true` gives, which the types do not say. */
interface WithInfo {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}
