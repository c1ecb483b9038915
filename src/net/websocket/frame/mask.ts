/** From so many bytes on, a view of words pays for itself. */
const wordsFrom = 192;

/**
 * Applies a masking key in place (RFC 6455 section 5.3); a second time takes it off again. `key` has its first byte in
 * the lowest bits. Tells whether all bytes are ASCII afterwards, which costs next to nothing here.
 */
export function mask(bytes: Uint8Array, start: number, end: number, key: number): boolean {
  return end - start < wordsFrom ? maskBytes(bytes, start, end, key) < 0x80 : maskWords(bytes, start, end, key);
}

/** The key for what follows `count` bytes that were masked with `key`. */
export function advanceKey(key: number, count: number): number {
  const bits = (count & 3) << 3;
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
}

function maskBytes(bytes: Uint8Array, start: number, end: number, key: number): number {
  const k0 = key & 0xff;
  const k1 = (key >>> 8) & 0xff;
  const k2 = (key >>> 16) & 0xff;
  const k3 = key >>> 24;
  let all = 0;
  let i = start;
  for (const last = end - 3; i < last; i += 4) {
    all |= bytes[i]! ^= k0;
    all |= bytes[i + 1]! ^= k1;
    all |= bytes[i + 2]! ^= k2;
    all |= bytes[i + 3]! ^= k3;
  }
  if (i < end) all |= bytes[i]! ^= k0;
  if (i + 1 < end) all |= bytes[i + 1]! ^= k1;
  if (i + 2 < end) all |= bytes[i + 2]! ^= k2;
  return all;
}

function maskWords(bytes: Uint8Array, start: number, end: number, key: number): boolean {
  const { buffer, byteOffset } = bytes;
  const first = start + (-(byteOffset + start) & 3);
  const count = (end - first) >>> 2;
  let all = maskBytes(bytes, start, first, key);
  const words = new Int32Array(buffer, byteOffset + first, count);
  const aligned = advanceKey(key, first - start);
  // Written as bytes, so that it fits a machine of either byte order.
  const [word] = new Int32Array(
    Uint8Array.of(aligned, aligned >>> 8, aligned >>> 16, aligned >>> 24).buffer,
  ) as unknown as [number];
  let allWords = 0;
  for (let i = 0; i < count; i++) allWords |= words[i]! ^= word;
  all |= maskBytes(bytes, first + count * 4, end, aligned);
  return all < 0x80 && (allWords & 0x80808080) === 0;
}
