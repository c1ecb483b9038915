/** A list of entity tags as If-Match and If-None-Match carry it (RFC 9110, sections 8.8.3 and 13.1). */
export type EntityTags = '*' | readonly string[];

/**
 * The tags of a header, each as it stands (`"a"`, `W/"a"`), or `*`; undefined if it is not such a list. A comma within a
 * tag belongs to the tag, and empty members of the list are skipped, as section 5.6.1.2 asks.
 */
export function parseEntityTags(text: string): EntityTags | undefined {
  if (text.trim() === '*') return '*';
  const tags: string[] = [];
  let at = 0;
  for (;;) {
    while (isBlank(text, at) || text[at] === ',') at++;
    if (at === text.length) return tags.length === 0 ? undefined : tags;
    if (tags.length === maxTags) return undefined;
    const end = endOfTag(text, at);
    if (end === undefined) return undefined;
    tags.push(text.slice(at, end));
    at = end;
    while (isBlank(text, at)) at++;
    if (at < text.length && text[at] !== ',') return undefined;
  }
}

/** Whether the whole text is one tag. */
export function isEntityTag(text: string): boolean {
  return endOfTag(text, 0) === text.length;
}

/** Section 8.8.3.2: equal, and neither is weak. For what must be the same byte by byte. */
export function strongMatch(a: string, b: string): boolean {
  return a === b && !a.startsWith('W/');
}

/** Section 8.8.3.2: equal but for being weak. For what may be the same in meaning only. */
export function weakMatch(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

/** More in one header are a mistake or an attack. */
const maxTags = 100;

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}

/** Where the tag that begins at `at` ends, or undefined if none does. `W/` is case-sensitive. */
function endOfTag(text: string, at: number): number | undefined {
  const open = text.startsWith('W/', at) ? at + 2 : at;
  if (text[open] !== '"') return undefined;
  const close = text.indexOf('"', open + 1);
  if (close < 0) return undefined;
  for (let i = open + 1; i < close; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x21 || code === 0x7f || code > 0xff) return undefined;
  }
  return close + 1;
}
