import type { ErrorBody } from '../../errors/index.ts';
import type { Query } from '../query/queries.ts';
import type { Encoding, Ingested, Signal } from './writer.ts';

/** What the two threads of the store are told and answer. One request at a time, answered in order. */
export type ThreadRequest =
  | {
      readonly kind: 'ingest';
      readonly signal: Signal;
      readonly encoding: Encoding;
      readonly bytes: Uint8Array;
      readonly wantsLines: boolean;
    }
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'close' };

export type ThreadReply =
  | { readonly kind: 'opened' }
  | { readonly kind: 'ingested'; readonly result: Ingested }
  /** JSON text, made in the thread: a large answer costs the event loop nothing but sending it. */
  | { readonly kind: 'answered'; readonly json: Uint8Array }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: ErrorBody; readonly detail: string };

/** Said by a thread without being asked: a person should know. */
export interface ThreadNotice {
  readonly kind: 'notice';
  readonly text: string;
}

export interface ThreadData {
  readonly role: 'writer' | 'reader';
  readonly dir: string;
  readonly maxBytes: number;
}
