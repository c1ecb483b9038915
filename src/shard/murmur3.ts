/**
 * MurmurHash3 of Austin Appleby, x86, 32 bits, of a text's UTF-16 units, low byte first. From 0 to 2^32 - 1. It spreads
 * well and is quick; it keeps no secret, so whoever chooses keys can choose where they fall.
 */
export function murmur3(text: string, seed = 0): number {
  let hash = seed | 0;
  const { length } = text;
  const even = length & ~1;
  for (let i = 0; i < even; i += 2) {
    hash ^= scramble(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if (even < length) hash ^= scramble(text.charCodeAt(even));
  hash ^= length << 1;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
