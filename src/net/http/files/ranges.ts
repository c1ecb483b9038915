/** Bytes of a representation: from `first` to `last`, both of them included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** What a Range asks for: nothing that can be honoured (answer in full), nothing that there is (416), or these (206). */
export type RangeOutcome = 'whole' | 'unsatisfiable' | readonly ByteRange[];

/** Ranges that are further apart than this are sent as parts of their own: about what the head of a part costs. */
const partCost = 80;
/** A header with more ranges is answered in full: seeking needs one or two, and each costs a read of its own. */
const maxRanges = 16;

/**
 * What a Range header means for a representation of `size` bytes (RFC 9110, section 14.2). The caller has seen to it that the
 * method is GET and If-Range passes.
 *
 * A header that is not valid is ignored, as is one of another unit, one of more than 16 ranges, and one in which more than
 * two ranges overlap: those ask for more than the whole. Ranges that overlap or nearly touch are made one; the order
 * is that of the header. An empty representation has no bytes to name, so it is sent whole.
 */
export function selectRanges(header: string, size: number): RangeOutcome {
  const asked = parseRanges(header);
  if (asked === undefined || size === 0) return 'whole';
  const ranges: ByteRange[] = [];
  for (const [first, last] of asked) {
    const range = resolve(first, last, size);
    if (range !== undefined) ranges.push(range);
  }
  if (ranges.length === 0) return 'unsatisfiable';
  if (ranges.length === 1) return ranges;
  return isGreedy(ranges) ? 'whole' : merged(ranges);
}

/** The value of Content-Range for one range, or with 416 for none (section 14.4). */
export function contentRange(range: ByteRange | undefined, size: number): string {
  return range === undefined ? `bytes */${size}` : `bytes ${range.first}-${range.last}/${size}`;
}

/** First and last position as they were written; a suffix has no first. */
type Asked = readonly [first: number | undefined, last: number | undefined];

/** The ranges that the header asks for, or undefined for one that is to be ignored. */
function parseRanges(header: string): readonly Asked[] | undefined {
  const unit = /^bytes=/i.exec(header);
  if (unit === null) return undefined;
  const asked: Asked[] = [];
  for (const member of header.slice(unit[0].length).split(',')) {
    const text = member.replace(/^[ \t]+|[ \t]+$/g, '');
    if (text === '') continue;
    const match = /^(\d*)-(\d*)$/.exec(text);
    if (match === null || text === '-' || asked.length === maxRanges) return undefined;
    const first = match[1] === '' ? undefined : position(match[1]!);
    const last = match[2] === '' ? undefined : position(match[2]!);
    if (first !== undefined && last !== undefined && last < first) return undefined;
    asked.push([first, last]);
  }
  return asked.length === 0 ? undefined : asked;
}

/** Beyond what a number can say exactly there are no bytes anyway. */
function position(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

function resolve(first: number | undefined, last: number | undefined, size: number): ByteRange | undefined {
  if (first === undefined) return last === 0 ? undefined : { first: Math.max(0, size - last!), last: size - 1 };
  return first >= size ? undefined : { first, last: Math.min(last ?? size - 1, size - 1) };
}

/** Whether a byte is asked for three times. */
function isGreedy(ranges: readonly ByteRange[]): boolean {
  return ranges.some(({ first }) => ranges.filter((other) => other.first <= first && first <= other.last).length > 2);
}

/** Each range joined with those that it meets, at the place of the first of them. */
function merged(ranges: readonly ByteRange[]): readonly ByteRange[] {
  let parts: readonly ByteRange[] = [];
  for (const range of ranges) {
    let { first, last } = range;
    let place: number | undefined;
    const rest: ByteRange[] = [];
    for (const part of parts) {
      if (part.first - partCost > last || part.last + partCost < first) {
        rest.push(part);
        continue;
      }
      place ??= rest.length;
      first = Math.min(first, part.first);
      last = Math.max(last, part.last);
    }
    rest.splice(place ?? rest.length, 0, { first, last });
    parts = rest;
  }
  return parts;
}
