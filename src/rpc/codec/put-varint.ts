/** Takes a bigint apart: faster than arithmetic on it. */
const asInt64 = new BigInt64Array(1);
const halves = new Uint32Array(asInt64.buffer);
const [low, high] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];

/** Puts a varint before `end`, and gives its first place. Unsigned, at most five bytes. */
export function putVarint32(bytes: Uint8Array, end: number, value: number): number {
  let at = end - 1;
  if (value < 0x80) {
    bytes[at] = value;
    return at;
  }
  if (value < 0x4000) {
    at -= 1;
    bytes[at] = (value & 0x7f) | 0x80;
    bytes[at + 1] = value >>> 7;
    return at;
  }
  if (value < 0x200000) {
    at -= 2;
    bytes[at] = (value & 0x7f) | 0x80;
    bytes[at + 1] = ((value >>> 7) & 0x7f) | 0x80;
    bytes[at + 2] = value >>> 14;
    return at;
  }
  at -= value < 0x10000000 ? 3 : 4;
  let next = at;
  let rest = value;
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[next] = rest;
  return at;
}

/** A negative one is extended to 64 bits. */
export function putInt32(bytes: Uint8Array, end: number, value: number): number {
  if (value >= 0) return putVarint32(bytes, end, value);
  return putVarint64(bytes, end, value >>> 0, 0xffffffff);
}

/** An int64 or uint64 that was checked to be one. */
export function putInt64(bytes: Uint8Array, end: number, value: bigint): number {
  asInt64[0] = value;
  const first = halves[low]!;
  const second = halves[high]!;
  return second === 0 ? putVarint32(bytes, end, first) : putVarint64(bytes, end, first, second);
}

export function putSint64(bytes: Uint8Array, end: number, value: bigint): number {
  asInt64[0] = value;
  const first = halves[low]!;
  const second = halves[high]!;
  const sign = -(second >>> 31);
  return putVarint64(bytes, end, ((first << 1) ^ sign) >>> 0, (((second << 1) | (first >>> 31)) ^ sign) >>> 0);
}

/** Both halves unsigned. */
function putVarint64(bytes: Uint8Array, end: number, first: number, second: number): number {
  if (second === 0) return putVarint32(bytes, end, first);
  // 28 bits lie in the first four bytes; the fifth takes the last 4 of the low half and the first 3 of the high one.
  let more = second >>> 3;
  let size = 5;
  for (let rest = more; rest > 0; rest >>>= 7) size++;
  const at = end - size;
  bytes[at] = (first & 0x7f) | 0x80;
  bytes[at + 1] = ((first >>> 7) & 0x7f) | 0x80;
  bytes[at + 2] = ((first >>> 14) & 0x7f) | 0x80;
  bytes[at + 3] = ((first >>> 21) & 0x7f) | 0x80;
  const fifth = (first >>> 28) | ((second & 0x07) << 4);
  if (more === 0) {
    bytes[at + 4] = fifth;
    return at;
  }
  bytes[at + 4] = fifth | 0x80;
  let next = at + 5;
  while (more > 0x7f) {
    bytes[next++] = (more & 0x7f) | 0x80;
    more >>>= 7;
  }
  bytes[next] = more;
  return at;
}
