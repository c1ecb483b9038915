/** Why a parser refused what it was given. The connection cannot be used any more: nobody knows where the next message begins. */
export interface ParseFailure {
  /** What a server answers: 400, 414, 431, 501 or 505. */
  readonly status: number;
  /** In plain words, without any of the bytes. */
  readonly what: string;
}

/** What a scanner returns instead of a position: it has used up all bytes and needs more. */
export const needsMore = -1;
/** It cannot go on; its `failure` says why. */
export const cannotGoOn = -2;
