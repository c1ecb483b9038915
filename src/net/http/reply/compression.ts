import type { Awaitable } from '../../../concurrency/index.ts';
import { isCompressible } from './compressible.ts';
import { codedHeaders, mayEncode, withVary } from './encoded-headers.ts';
import { type Coding, chooseCoding } from './negotiate.ts';
import { StreamEncoder } from './stream-encoder.ts';
import { compress, compressSync, type Levels, nearBits } from './zlib-codings.ts';

export interface CompressionOptions {
  /** What is offered; of those that a client likes equally the first. Default: `['zstd', 'br', 'gzip']`. */
  readonly codings?: readonly Coding[];
  /** Shorter bodies are sent as they are. Default: 1,024. */
  readonly minBytes?: number;
  /** Which content types are compressed. Default: texts, JSON, XML, SVG, WebAssembly and their like. */
  readonly types?: (contentType: string) => boolean;
  /** How hard each coding tries: zstd 1 to 22, br 0 to 11, gzip 1 to 9. Default: zstd 1, br 4, gzip 4. */
  readonly levels?: Partial<Levels>;
  /** Bodies that are compressed on threads at a time; while there are as many, others are sent as they are. Default: 8. */
  readonly maxConcurrent?: number;
  /** Streams that are compressed at a time, each with about 300 KiB of memory; others are sent as they are. Default: 64. */
  readonly maxStreams?: number;
  /**
   * Whether event streams are compressed too. Each event then costs some 30 µs for each client, where the bytes of an
   * `EventLog` are otherwise shared by all. Default: false.
   */
  readonly events?: boolean;
}

/** Compresses answers, by what each client takes. Made by {@link compression}. */
export type Compression = Compressor;

/**
 * Compression of answers for `createHttpServer` or a route: bodies that are at hand and streams, each flushed chunk by chunk.
 * All share its limits, so make one for a server.
 *
 * It is off unless you give it. An answer that has a secret (a token, a session's number) beside text that a stranger can choose (a search
 * term, a name) tells the secret by its length when it is compressed, also through TLS (the BREACH attack): leave it off for such routes
 * with `compression: false`, or send `cache-control: no-transform`.
 *
 * An answer that could be compressed says `Vary: Accept-Encoding`; one that is has its ETag made weak. Left as they are:
 * what has a Content-Encoding or a digest already, `no-transform`, 204, 206 and 304. Throws a RangeError for an option out of
 * its range.
 */
export function compression(options: CompressionOptions = {}): Compression {
  return new Compressor(options);
}

/** A body as it is to be sent. */
export interface EncodedBody {
  /** Name and value in turn. */
  readonly headers: readonly string[];
  readonly data: string | Uint8Array;
}

/** How a stream is to be sent. */
export interface EncodedStream {
  readonly headers: readonly string[];
  /** Undefined: the chunks go out as they are. Otherwise it must be closed in any case. */
  readonly encoder: StreamEncoder | undefined;
}

/** What is to be sent: its kind and, where it is known, how long it is. */
export interface Encodable {
  readonly kind: 'whole' | 'stream' | 'sized' | 'events';
  readonly length?: number;
}

const defaultLevels: Levels = { zstd: 1, br: 4, gzip: 4 };
const highestLevels: Levels = { zstd: 22, br: 11, gzip: 9 };
/** Up to here a thread costs more than the work. */
const maxSyncBytes: Levels = { zstd: 16 * 1024, br: 4 * 1024, gzip: 4 * 1024 };
/** Clients send few different headers; who sends many gains nothing. */
const maxKnown = 128;
const maxKnownLength = 256;

/** {@link Compression} */
class Compressor {
  readonly #codings: readonly Coding[];
  /** Of small pieces gzip makes the least, and needs the least memory. */
  readonly #eventCodings: readonly Coding[];
  readonly #minBytes: number;
  readonly #isType: (contentType: string) => boolean;
  readonly #levels: Levels;
  readonly #maxConcurrent: number;
  readonly #maxStreams: number;
  readonly #compressesEvents: boolean;
  readonly #known = new Map<string, Coding | 'identity'>();
  #running = 0;
  #streams = 0;

  constructor(options: CompressionOptions) {
    const {
      codings = ['zstd', 'br', 'gzip'],
      minBytes = 1024,
      types = isCompressible,
      levels,
      events = false,
    } = options;
    const { maxConcurrent = 8, maxStreams = 64 } = options;
    this.#codings = codings;
    this.#eventCodings = (['gzip', 'zstd', 'br'] as const).filter((coding) => codings.includes(coding));
    this.#minBytes = checked('minBytes', minBytes, 0, Number.MAX_SAFE_INTEGER);
    this.#isType = types;
    this.#levels = { ...defaultLevels, ...levels };
    for (const coding of ['zstd', 'br', 'gzip'] as const) {
      checked(`levels.${coding}`, this.#levels[coding], coding === 'br' ? 0 : 1, highestLevels[coding]);
    }
    this.#maxConcurrent = checked('maxConcurrent', maxConcurrent, 0, 1024);
    this.#maxStreams = checked('maxStreams', maxStreams, 0, 100_000);
    this.#compressesEvents = events;
  }

  /** A body that is at hand. */
  whole(
    acceptEncoding: string | undefined,
    status: number,
    headers: readonly string[],
    data: string | Uint8Array,
  ): Awaitable<EncodedBody> {
    const plan = this.#plan(acceptEncoding, status, headers, { kind: 'whole', length: data.length });
    if (plan.coding === undefined) return { headers: plan.headers, data };
    const { coding } = plan;
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    const level = this.#levels[coding];
    const answer = (coded: Uint8Array) =>
      coded.length < bytes.length
        ? { headers: codedHeaders(plan.headers, coding), data: coded }
        : { headers: plan.headers, data: bytes };
    if (bytes.length <= maxSyncBytes[coding]) return answer(compressSync(coding, bytes, level, nearBits));
    if (this.#running >= this.#maxConcurrent) return { headers: plan.headers, data: bytes };
    this.#running++;
    return compress(coding, bytes, level, nearBits)
      .then(answer)
      .finally(() => this.#running--);
  }

  /** A stream that is about to begin. */
  stream(
    acceptEncoding: string | undefined,
    status: number,
    headers: readonly string[],
    content: Encodable,
  ): EncodedStream {
    const { headers: varied, coding } = this.#plan(acceptEncoding, status, headers, content);
    if (coding === undefined || this.#streams >= this.#maxStreams) return { headers: varied, encoder: undefined };
    this.#streams++;
    const isBulk = content.kind === 'sized';
    const encoder = new StreamEncoder(coding, this.#levels[coding], isBulk, () => void this.#streams--);
    return { headers: codedHeaders(varied, coding), encoder };
  }

  /** The headers of the answer to a HEAD, and whether they are those of the content in a coding, which is not made for it. */
  head(
    acceptEncoding: string | undefined,
    status: number,
    headers: readonly string[],
    content: Encodable,
  ): { readonly headers: readonly string[]; readonly isCoded: boolean } {
    const { headers: varied, coding } = this.#plan(acceptEncoding, status, headers, content);
    if (coding === undefined) return { headers: varied, isCoded: false };
    return { headers: codedHeaders(varied, coding), isCoded: true };
  }

  /** Undefined where it is to be sent as it is; the headers then say whether that depends on the client. */
  #plan(
    acceptEncoding: string | undefined,
    status: number,
    headers: readonly string[],
    { kind, length }: Encodable,
  ): Plan {
    const isWorthIt = kind === 'events' ? this.#compressesEvents : length === undefined || length >= this.#minBytes;
    if (!isWorthIt || !mayEncode(status, headers, this.#isType)) return { headers, coding: undefined };
    // A client that says nothing has nothing to remember of it, but the caches on the way have.
    const chosen = kind === 'events' ? chooseCoding(acceptEncoding, this.#eventCodings) : this.#choose(acceptEncoding);
    const coding = chosen === 'identity' ? undefined : chosen;
    return { headers: withVary(headers), coding };
  }

  #choose(acceptEncoding: string | undefined): Coding | 'identity' {
    if (acceptEncoding === undefined) return 'identity';
    const known = this.#known.get(acceptEncoding);
    if (known !== undefined) return known;
    const chosen = chooseCoding(acceptEncoding, this.#codings) ?? 'identity';
    if (this.#known.size >= maxKnown) this.#known.clear();
    if (acceptEncoding.length <= maxKnownLength) this.#known.set(acceptEncoding, chosen);
    return chosen;
  }
}

interface Plan {
  readonly headers: readonly string[];
  readonly coding: Coding | undefined;
}

function checked(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`compression: ${name} is ${value}; it must be a whole number from ${least} to ${most}`);
}
