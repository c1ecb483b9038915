const text = String.fromCharCode;

/** Longer texts are read by the platform: a call of it costs as much as this many characters. */
export const maxShortLength = 24;
/** Of those that begin with a character of three bytes or more, where the platform takes twice as long. */
export const maxUnitsLength = 48;

/** Gives the text of some bytes, or undefined, where they are not what it is for. */
export type ReadText = (b: Uint8Array, start: number, end: number) => string | undefined;

/**
 * Makes a function that gives the text of up to `maxShortLength` bytes: a case per length, with one call of
 * `String.fromCharCode` each, since what is put together from parts has to be copied together later. What is not ASCII is
 * left to `other`.
 */
export function compileShortText(other: ReadText): ReadText {
  const cases = upTo(maxShortLength).map((length) => {
    const names = Array.from({ length }, (_, index) => `c${index}`);
    const read = names.map((name, index) => `${name} = b[p + ${index}]`);
    return `case ${length}: { const ${read.join(', ')}; return (${names.join(' | ')}) > 0x7f ? other(b, p, e) : text(${names.join(', ')}); }`;
  });
  const body = `return (b, p, e) => { switch (e - p) { case 0: return ''; ${cases.join('\n')} } };`;
  return new Function('text', 'other', `'use strict'; ${body}`)(text, other);
}

/** Makes a function that gives the text of up to `maxUnitsLength` bytes of UTF-8: undefined, if they are not. */
export function compileUnitsText(): ReadText {
  const units = new Uint16Array(maxUnitsLength);
  const cases = upTo(maxUnitsLength).map((length) => {
    const read = Array.from({ length }, (_, index) => `units[${index}]`);
    return `case ${length}: return text(${read.join(', ')});`;
  });
  const body = `return (b, p, e) => { switch (readUnits(b, p, e, units)) { ${cases.join('\n')} } };`;
  return new Function('text', 'readUnits', 'units', `'use strict'; ${body}`)(text, readUnits, units);
}

function upTo(most: number): readonly number[] {
  return Array.from({ length: most }, (_, index) => index + 1);
}

/** Reads UTF-8 (RFC 3629, section 4) as the code units of a string. Gives how many, 0 for what is not UTF-8. */
function readUnits(b: Uint8Array, start: number, end: number, units: Uint16Array): number {
  let count = 0;
  let at = start;
  while (at < end) {
    const first = b[at++]!;
    if (first < 0x80) {
      units[count++] = first;
      continue;
    }
    const second = b[at++]! ^ 0x80;
    if (first < 0xc2 || second > 0x3f || at > end) return 0;
    if (first < 0xe0) {
      units[count++] = ((first & 0x1f) << 6) | second;
      continue;
    }
    const third = b[at++]! ^ 0x80;
    if (third > 0x3f || at > end) return 0;
    const point = ((first & 0x0f) << 12) | (second << 6) | third;
    if (first < 0xf0) {
      if (point < 0x800 || (point & 0xf800) === 0xd800) return 0;
      units[count++] = point;
      continue;
    }
    const fourth = b[at++]! ^ 0x80;
    if (fourth > 0x3f || at > end || first > 0xf4) return 0;
    const whole = ((first & 0x07) << 18) | (second << 12) | (third << 6) | fourth;
    if (whole < 0x10000 || whole > 0x10ffff) return 0;
    units[count++] = 0xd7c0 + (whole >>> 10);
    units[count++] = 0xdc00 | (whole & 0x3ff);
  }
  return count;
}

/**
 * The text of up to `maxShortLength` bytes of ASCII, where code cannot be compiled: eight at a time as arguments, for short texts faster than the platform's decoders,
 * whose calls cost more than their work.
 */
export function asciiText(b: Uint8Array, start: number, end: number): string | undefined {
  let at = start;
  let read = '';
  for (; end - at >= 8; at += 8) {
    const [c0, c1, c2, c3] = [b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!];
    const [c4, c5, c6, c7] = [b[at + 4]!, b[at + 5]!, b[at + 6]!, b[at + 7]!];
    if ((c0 | c1 | c2 | c3 | c4 | c5 | c6 | c7) > 0x7f) return undefined;
    read += text(c0, c1, c2, c3, c4, c5, c6, c7);
  }
  if (end - at >= 4) {
    const [c0, c1, c2, c3] = [b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!];
    if ((c0 | c1 | c2 | c3) > 0x7f) return undefined;
    read += text(c0, c1, c2, c3);
    at += 4;
  }
  switch (end - at) {
    case 0:
      return read;
    case 1:
      return b[at]! > 0x7f ? undefined : read + text(b[at]!);
    case 2:
      return (b[at]! | b[at + 1]!) > 0x7f ? undefined : read + text(b[at]!, b[at + 1]!);
    default:
      return (b[at]! | b[at + 1]! | b[at + 2]!) > 0x7f ? undefined : read + text(b[at]!, b[at + 1]!, b[at + 2]!);
  }
}

/** A power of two. */
const keptKeys = 512;

/**
 * Reads the keys of maps: few and always the same ones in most services, so those of late are kept. One that comes again need
 * not be made, nor be looked up among all names of properties when it becomes one.
 */
export function shortKeys(read: ReadText): ReadText {
  const kept: string[] = new Array(keptKeys).fill('');
  return (b, start, end) => {
    let hash = end - start;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + b[at]!) | 0;
    const slot = hash & (keptKeys - 1);
    const known = kept[slot]!;
    if (known.length === end - start) {
      let at = 0;
      while (at < known.length && known.charCodeAt(at) === b[start + at]) at++;
      if (at === known.length) return known;
    }
    const text = read(b, start, end);
    // One that is not ASCII could not be told from other bytes.
    if (text?.length === end - start) kept[slot] = text;
    return text;
  };
}
