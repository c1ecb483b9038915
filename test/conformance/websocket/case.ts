import { encode, type Frame, type Role } from './frames.ts';

/** What a receiver makes of bytes, in order. */
export type Outcome =
  | { readonly text: string }
  | { readonly binary: Uint8Array }
  | { readonly ping: Uint8Array }
  | { readonly pong: Uint8Array }
  | { readonly close: number; readonly reason: string }
  /** The connection is failed with this code. */
  | { readonly failure: number };

/** Frames in, behaviour out. Each runs against the decoder in every split, against our server and against our client. */
export interface Case {
  readonly name: string;
  readonly send: readonly Frame[];
  readonly outcomes: readonly Outcome[];
  /** permessage-deflate was agreed on. */
  readonly deflate?: boolean;
  /** Of the last frame's payload: after so many bytes the failure must be known. */
  readonly failsAfter?: number;
}

/** What the limits of the receiver are in all cases. */
export const limits = { maxMessageBytes: 70_000, maxFragments: 20 };

export function bytesOfCase({ send }: Case, role: Role): Buffer {
  return Buffer.concat(send.map((frame) => encode(role, frame)));
}
