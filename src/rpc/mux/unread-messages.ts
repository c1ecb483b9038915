import type { Source } from '../codec/source.ts';

/** A message that waits for its reader: as it came, for only that is paid for by its sender's window. */
export interface Unread {
  readonly source: Source;
  readonly end: number;
  readonly isCompressed: boolean;
  readonly cost: number;
}

/** Of what is read of the socket at once a message may be a small part: then it is copied. */
export function unreadOf(source: Source, end: number, isCompressed: boolean, cost: number): Unread {
  return { source: source.part(end), end: end - source.at, isCompressed, cost };
}
