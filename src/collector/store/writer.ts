import { isStatusError } from '../../errors/index.ts';
import { CollectorErrors } from '../collector-errors.ts';
import { parseLogs, parseMetrics, parseTraces } from '../otlp/json.ts';
import { readLogs } from '../otlp/read-logs.ts';
import { readMetrics } from '../otlp/read-metrics.ts';
import { readTraces } from '../otlp/read-traces.ts';
import { Chunk, DamagedChunk } from './chunk.ts';
import { deleteChunk, listChunks, moveAside, nextChunk, openDirectory } from './chunk-files.ts';
import { EdgeMatcher } from './edge-matcher.ts';
import type { LogLine } from './log-line.ts';
import { SchemaMismatch } from './schema.ts';
import { SeriesMemory } from './series-memory.ts';

export type Signal = 'traces' | 'logs' | 'metrics';
export type Encoding = 'protobuf' | 'json';

/** What became of one request. */
export interface Ingested {
  readonly rejected: number;
  readonly rejection: string;
  /** The lines that were stored, where they were asked for. */
  readonly lines: readonly LogLine[];
}

export interface WriterOptions {
  readonly dir: string;
  readonly maxBytes: number;
  /** Told what a person should know: a file that was moved aside. */
  readonly onNotice: (text: string) => void;
}

/** So many chunks fill the store: the oldest eighth is what goes when it is full. */
const chunksPerStore = 8;

/**
 * Stores what arrives, in chunks: files of their own, of which the oldest is deleted when all together exceed the bound.
 * Deleting rows of one large file instead would cost as much as inserting them, and full-text tables do not shrink.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #maxChunkBytes: number;
  /** Calls are matched across chunks: their two ends may fall into different ones. */
  readonly #matcher = new EdgeMatcher();
  readonly #memory = new SeriesMemory();
  #chunk: Chunk;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#maxChunkBytes = Math.floor(options.maxBytes / chunksPerStore);
    openDirectory(options.dir);
    this.#chunk = this.#openNewest();
    this.#makeRoom();
  }

  /** Decodes a request and stores it in one transaction. Throws StatusErrors only. */
  ingest(signal: Signal, encoding: Encoding, bytes: Uint8Array, wantsLines: boolean): Ingested {
    const store = this.#decode(signal, encoding, bytes, wantsLines);
    try {
      return this.#tryStore(store);
    } finally {
      this.#makeRoom();
    }
  }

  close(): void {
    this.#chunk.close();
  }

  /** Decodes first, so that a malformed request touches no file; returns what stores it. */
  #decode(signal: Signal, encoding: Encoding, bytes: Uint8Array, wantsLines: boolean): (chunk: Chunk) => Ingested {
    if (signal === 'traces') {
      const { items, rejected, rejection } = encoding === 'json' ? parseTraces(bytes) : readTraces(bytes);
      return (chunk) => {
        chunk.addSpans(items, this.#matcher);
        return { rejected, rejection, lines: [] };
      };
    }
    if (signal === 'logs') {
      const { items, rejected, rejection } = encoding === 'json' ? parseLogs(bytes) : readLogs(bytes);
      return (chunk) => ({ rejected, rejection, lines: chunk.addLogs(items, wantsLines) });
    }
    const { items, rejected, rejection } = encoding === 'json' ? parseMetrics(bytes) : readMetrics(bytes);
    return (chunk) => {
      const noRoom = chunk.addPoints(items);
      const why = rejection || (noRoom > 0 ? 'too many series: a label seems to have unbounded values' : '');
      return { rejected: rejected + noRoom, rejection: why, lines: [] };
    };
  }

  /** A chunk that turns out to be damaged is replaced, and the request stored in the new one. */
  #tryStore(store: (chunk: Chunk) => Ingested): Ingested {
    try {
      return store(this.#chunk);
    } catch (error) {
      if (!isDamage(error)) throw storeFailure(error);
    }
    const damaged = this.#chunk;
    this.#chunk = this.#makeChunk();
    damaged.abandon();
    this.#putAside(damaged.path, 'corrupt');
    try {
      return store(this.#chunk);
    } catch (error) {
      throw storeFailure(error);
    }
  }

  #openNewest(): Chunk {
    const newest = listChunks(this.#options.dir)[0];
    if (newest === undefined) return this.#makeChunk();
    try {
      return new Chunk(newest.number, newest.path, this.#maxChunkBytes, this.#memory);
    } catch (error) {
      // Nor could the older ones be read.
      if (error instanceof SchemaMismatch)
        for (const { path } of listChunks(this.#options.dir)) this.#putAside(path, 'outdated', error.message);
      else if (isDamage(error)) this.#putAside(newest.path, 'corrupt', (error as Error).message);
      else throw storeFailure(error);
      return this.#makeChunk();
    }
  }

  #makeChunk(): Chunk {
    const { number, path } = nextChunk(this.#options.dir);
    try {
      return new Chunk(number, path, this.#maxChunkBytes, this.#memory);
    } catch (error) {
      // Half made it would pass for the newest.
      deleteChunk(path);
      throw error;
    }
  }

  #putAside(path: string, why: 'corrupt' | 'outdated', detail = ''): void {
    const aside = moveAside(this.#options.dir, path, why);
    const reason = why === 'corrupt' ? 'is damaged' : 'is of another version';
    this.#options.onNotice(
      `telemetry file ${path} ${reason}${detail && ` (${detail})`}: moved to ${aside}, starting a new one`,
    );
  }

  /** Starts a new chunk when this one is full, and deletes the oldest while all together exceed the bound. */
  #makeRoom(): void {
    const { dir, maxBytes } = this.#options;
    let chunks = listChunks(dir);
    if ((chunks[0]?.bytes ?? 0) >= this.#maxChunkBytes) {
      const full = this.#chunk;
      this.#memory.prune(Date.now());
      // Made before the full one is closed: where there is no room for it, the next request finds an open one and tries again.
      this.#chunk = this.#makeChunk();
      full.close();
      chunks = listChunks(dir);
    }
    let total = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
    for (const oldest of chunks.slice(1).reverse()) {
      if (total <= maxBytes) return;
      deleteChunk(oldest.path);
      total -= oldest.bytes;
    }
  }
}

interface SqliteFailure extends Error {
  readonly errcode: number;
}

/** Primary result codes: SQLITE_CORRUPT = 11, SQLITE_NOTADB = 26. */
export function isDamage(error: unknown): boolean {
  if (error instanceof DamagedChunk) return true;
  const code = isSqliteFailure(error) ? error.errcode & 0xff : 0;
  return code === 11 || code === 26;
}

/** Anything that SQLite or the file system says, as a StatusError whose cause is that. */
export function storeFailure(error: unknown): Error {
  if (isStatusError(error)) return error;
  return CollectorErrors.STORE_FAILED('the telemetry could not be stored', { cause: error });
}

function isSqliteFailure(error: unknown): error is SqliteFailure {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}
