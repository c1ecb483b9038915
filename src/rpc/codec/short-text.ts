const text = String.fromCharCode;

/** Longer strings are read by the platform. */
export const maxShortLength = 24;

/**
 * Makes a function that gives the text of up to `maxShortLength` bytes, if all are ASCII, else undefined: a case per length,
 * with one call of `String.fromCharCode` each, since what is put together from parts has to be copied together later.
 */
export function compileShortText(): (b: Uint8Array, start: number, end: number) => string | undefined {
  const lengths = Array.from({ length: maxShortLength }, (_, index) => index + 1);
  const cases = lengths.map((length) => {
    const names = Array.from({ length }, (_, index) => `c${index}`);
    const read = names.map((name, index) => `${name} = b[p + ${index}]`);
    return `case ${length}: { const ${read.join(', ')}; return (${names.join(' | ')}) > 0x7f ? undefined : text(${names.join(', ')}); }`;
  });
  const body = `return (b, p, e) => { switch (e - p) { case 0: return ''; ${cases.join('\n')} } };`;
  return new Function('text', `'use strict'; ${body}`)(text);
}

/**
 * The same where code cannot be compiled: eight at a time as arguments, for short texts faster than the platform's decoders,
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
export function shortKeys(
  read: (b: Uint8Array, start: number, end: number) => string | undefined,
): (b: Uint8Array, start: number, end: number) => string | undefined {
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
    if (text !== undefined) kept[slot] = text;
    return text;
  };
}
