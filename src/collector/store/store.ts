import type { Context } from '../../concurrency/index.ts';
import { CollectorErrors } from '../collector-errors.ts';
import type { Query } from '../query/queries.ts';
import type { LogLine } from './log-line.ts';
import { StoreThread } from './store-thread.ts';
import type { Encoding, Ingested, Signal } from './writer.ts';

export interface StoreOptions {
  /** A directory of its own; made if there is none. */
  readonly dir: string;
  /** All files together; the oldest are deleted. At least 4 MiB. Default: 512 MiB. */
  readonly maxBytes?: number;
  /** Bytes of requests that wait to be stored. Default: 32 MiB. */
  readonly maxQueueBytes?: number;
  /** Requests that wait to be stored. Default: 256. */
  readonly maxQueuedRequests?: number;
  /** Told what a person should know: a damaged file that was moved aside. */
  readonly onNotice: (text: string) => void;
}

/** Where telemetry is kept. All work is done in two threads: one stores, one answers. */
export interface Store {
  /**
   * Decodes and stores a request. Resolves when it is stored. Throws MALFORMED_OTLP, and INGEST_QUEUE_FULL when too much
   * waits already.
   */
  ingest(ctx: Context, signal: Signal, encoding: Encoding, bytes: Uint8Array): Promise<Ingested>;
  /** The answer as JSON. Throws TRACE_NOT_FOUND, and QUERY_QUEUE_FULL when too many ask. */
  query(ctx: Context, query: Query): Promise<Uint8Array>;
  /** Calls `listener` with each batch of lines after it is stored; returns how to stop that. */
  onLogs(listener: (lines: readonly LogLine[]) => void): () => void;
  /** Stores what waits until `ctx` ends, then closes the files. Never throws. */
  close(ctx: Context): Promise<void>;
}

const minBytes = 4 * 1024 * 1024;
const defaultBytes = 512 * 1024 * 1024;
const maxWaitingQueries = 64;

/** Opens the store, or makes it. A damaged newest file is moved aside and reported. Throws STORE_FAILED. */
export async function openStore(ctx: Context, options: StoreOptions): Promise<Store> {
  const { dir, maxBytes = defaultBytes, onNotice } = options;
  if (!(maxBytes >= minBytes)) {
    throw new RangeError(`collector: maxBytes is ${maxBytes}; it must be at least ${minBytes} (4 MiB)`);
  }
  const writer = new StoreThread({
    data: { role: 'writer', dir, maxBytes },
    maxRequests: options.maxQueuedRequests ?? 256,
    maxRequestBytes: options.maxQueueBytes ?? 32 * 1024 * 1024,
    full: () => CollectorErrors.INGEST_QUEUE_FULL('telemetry arrives faster than it is stored; send it again later'),
    onNotice,
  });
  const reader = new StoreThread({
    data: { role: 'reader', dir, maxBytes },
    maxRequests: maxWaitingQueries,
    maxRequestBytes: Number.POSITIVE_INFINITY,
    full: () => CollectorErrors.QUERY_QUEUE_FULL(`${maxWaitingQueries} questions wait already; ask again later`),
    onNotice,
  });
  const listeners = new Set<(lines: readonly LogLine[]) => void>();
  await writer.open(ctx);
  return {
    async ingest(callCtx, signal, encoding, bytes) {
      const request = { kind: 'ingest', signal, encoding, bytes, wantsLines: listeners.size > 0 } as const;
      const reply = await writer.call(callCtx, request, bytes.length);
      if (reply.kind !== 'ingested') throw new TypeError(`the writer answered ${reply.kind}`);
      if (reply.result.lines.length > 0) for (const listener of listeners) listener(reply.result.lines);
      return reply.result;
    },
    async query(callCtx, query) {
      const reply = await reader.call(callCtx, { kind: 'query', query });
      if (reply.kind !== 'answered') throw new TypeError(`the reader answered ${reply.kind}`);
      return reply.json;
    },
    onLogs(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close(closeCtx) {
      await Promise.all([writer.close(closeCtx), reader.close(closeCtx)]);
    },
  };
}
