/** The secret of a table's hash: two whole numbers from 0 to 2^32 - 1. */
export type HashSeed = readonly [number, number];

export function randomSeed(): HashSeed {
  const [first = 0, second = 0] = crypto.getRandomValues(new Uint32Array(2));
  return [first, second];
}

/**
 * HalfSipHash-1-3 of Aumasson and Bernstein, 64 bits, over the UTF-16 units of a text, two to a word. Keyed, because keys
 * are what strangers send: without the secret nobody can look for two that collide. Two of a million collide by chance
 * once in 37 million tables. The result is in two fields, since a pair would be allocated.
 */
export class KeyHash {
  declare low: number;
  declare high: number;
  declare private readonly k0: number;
  declare private readonly k1: number;

  constructor([k0, k1]: HashSeed) {
    this.low = 0;
    this.high = 0;
    this.k0 = k0 | 0;
    this.k1 = k1 | 0;
  }

  /** Leaves the hash in `low` and `high`, both from 0 to 2^32 - 1. */
  run(key: string): void {
    let v0 = this.k0;
    let v1 = this.k1 ^ 0xee;
    let v2 = 0x6c796765 ^ this.k0;
    let v3 = 0x74656462 ^ this.k1;
    const { length } = key;
    // One more round than there are whole words: the last word has the odd unit and the length.
    const words = length >> 1;
    for (let i = 0; i <= words; i++) {
      const word =
        i < words
          ? key.charCodeAt(2 * i) | (key.charCodeAt(2 * i + 1) << 16)
          : (length & 1 ? key.charCodeAt(length - 1) : 0) | (length << 16);
      v3 ^= word;
      // The round, which is written out twice: as a function it would have to give four numbers back.
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    v2 ^= 0xee;
    for (let round = 0; round < 6; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (round === 2) {
        this.low = (v1 ^ v3) >>> 0;
        v1 ^= 0xdd;
      }
    }
    this.high = (v1 ^ v3) >>> 0;
  }
}
