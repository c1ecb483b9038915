import type { SqlValue } from '../parameters.ts';

/**
 * What goes between a thread that holds one SQLite connection and the pool that owns it. One request is under way at a
 * time; the queue is on the pool's side, so that what is cancelled there is never sent.
 */
export type Request =
  | {
      readonly kind: 'run';
      readonly sql: string;
      readonly parameters: readonly SqlValue[];
      readonly inTransaction: boolean;
    }
  | {
      readonly kind: 'open';
      readonly sql: string;
      readonly parameters: readonly SqlValue[];
      readonly inTransaction: boolean;
    }
  | { readonly kind: 'fetch'; readonly maxRows: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'begin'; readonly waitMs: number }
  | { readonly kind: 'commit' }
  | { readonly kind: 'rollback' }
  | { readonly kind: 'close' };

export type Reply = Rows | Done | Failure;

/** Rows as arrays beside their column names: half the bytes and time of objects. */
export interface Rows {
  readonly kind: 'rows';
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
}

export interface Done {
  readonly kind: 'done';
  readonly changes: number;
  readonly lastInsertRowid: bigint;
}

export interface Failure {
  readonly kind: 'failure';
  /** SQLite's extended result code; 0 for a failure of another kind. */
  readonly errcode: number;
  readonly message: string;
  readonly reason: 'sqlite' | 'interrupted' | 'too_many_rows' | 'no_transaction' | 'other';
}

/** What a thread is started with. */
export interface ThreadData {
  readonly path: string;
  readonly role: 'writer' | 'reader';
  readonly synchronous: 'off' | 'normal' | 'full';
  readonly maxRows: number;
  /** One Int32: 1 asks the running request to stop at its next row or wait. */
  readonly stop: SharedArrayBuffer;
}
