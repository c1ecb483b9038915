/** Longer strings are measured and written by the platform; below, a loop is faster than the calls. */
export const maxShortLength = 40;
/** Of a short string, with its length in one byte. */
export const maxShortBytes = 3 * maxShortLength + 1;

/**
 * Puts a short text before `end`, and gives its first place. From its last character, as everything: what it takes is known when
 * it is written.
 */
export function putText(bytes: Uint8Array, end: number, value: string): number {
  let at = end;
  for (let i = value.length - 1; i >= 0; i--) {
    const unit = value.charCodeAt(i);
    if (unit >= 0x80) return putCharacters(bytes, at, value, i);
    bytes[--at] = unit;
  }
  return at;
}

/** The characters up to `last`, of which not all are ASCII. */
function putCharacters(bytes: Uint8Array, end: number, value: string, last: number): number {
  let at = end;
  for (let i = last; i >= 0; i--) {
    let point = value.charCodeAt(i);
    if (point < 0x80) {
      bytes[--at] = point;
      continue;
    }
    if (point >= 0xd800 && point < 0xe000) {
      // Half of a pair, else of nothing: then U+FFFD stands for it.
      const before = point >= 0xdc00 && i > 0 ? value.charCodeAt(i - 1) : 0;
      const isPair = before >= 0xd800 && before < 0xdc00;
      point = isPair ? ((before - 0xd800) << 10) + (point - 0xdc00) + 0x10000 : 0xfffd;
      if (isPair) i--;
    }
    bytes[--at] = (point & 0x3f) | 0x80;
    if (point < 0x800) {
      bytes[--at] = (point >>> 6) | 0xc0;
      continue;
    }
    bytes[--at] = ((point >>> 6) & 0x3f) | 0x80;
    if (point < 0x10000) {
      bytes[--at] = (point >>> 12) | 0xe0;
      continue;
    }
    bytes[--at] = ((point >>> 12) & 0x3f) | 0x80;
    bytes[--at] = (point >>> 18) | 0xf0;
  }
  return at;
}
