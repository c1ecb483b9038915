import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { listChunks } from '../store/chunk-files.ts';

/** A chunk that is read from. Its statements are prepared once. */
export class ReadChunk {
  readonly number: number;
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(number: number, path: string) {
    this.number = number;
    this.path = path;
    this.#db = new DatabaseSync(path, { timeout: 2000 });
    this.#db.exec('PRAGMA query_only = ON; PRAGMA cache_size = -8192');
  }

  all<R>(sql: string, ...parameters: readonly (string | number | Uint8Array)[]): R[] {
    return this.#prepare(sql).all(...parameters) as R[];
  }

  iterate<R>(sql: string, ...parameters: readonly (string | number | Uint8Array)[]): Iterable<R> {
    return this.#prepare(sql).iterate(...parameters) as Iterable<R>;
  }

  close(): void {
    this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#statements.size >= maxStatements) this.#statements.clear();
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

const maxStatements = 100;

/** The chunks of a directory, as the writer leaves them: opened when they appear, closed when they are gone. */
export class ReadChunks {
  readonly #dir: string;
  readonly #open = new Map<number, ReadChunk>();
  /** Chunks that turned out to be damaged are not asked again. */
  readonly #damaged = new Set<number>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Newest first. A file that the writer is just making, or just deleted, is left out. */
  list(): ReadChunk[] {
    const files = listChunks(this.#dir).filter((file) => !this.#damaged.has(file.number));
    const present = new Set(files.map((file) => file.number));
    for (const [number, chunk] of this.#open) {
      if (present.has(number)) continue;
      chunk.close();
      this.#open.delete(number);
    }
    const chunks: ReadChunk[] = [];
    for (const { number, path } of files) {
      const chunk = this.#open.get(number) ?? tryOpen(number, path);
      if (chunk === undefined) continue;
      this.#open.set(number, chunk);
      chunks.push(chunk);
    }
    return chunks;
  }

  /** Leaves a damaged chunk out from now on. */
  exclude(chunk: ReadChunk): void {
    this.#damaged.add(chunk.number);
    this.#open.delete(chunk.number);
    chunk.close();
  }

  close(): void {
    for (const chunk of this.#open.values()) chunk.close();
    this.#open.clear();
  }
}

function tryOpen(number: number, path: string): ReadChunk | undefined {
  let chunk: ReadChunk | undefined;
  try {
    chunk = new ReadChunk(number, path);
    // The writer makes the file before its tables.
    const [made] = chunk.all<{ found: number }>("SELECT count(*) AS found FROM sqlite_schema WHERE name = 'edges'");
    if (made?.found === 1) return chunk;
  } catch {
    // Deleted meanwhile, or damaged: the writer finds that out when it opens it.
  }
  chunk?.close();
  return undefined;
}
