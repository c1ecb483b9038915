import { type Duplex, pipeline } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  gunzip,
  gunzipSync,
  inflate,
  inflateRaw,
  inflateRawSync,
  inflateSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib';
import { malformed, tooLarge } from './failure.ts';

/** What is asked for. Zstandard last: some senders give it windows that not everybody takes. */
export const acceptEncoding = 'gzip, deflate, br, zstd';

/** RFC 9659: a window above 8 MiB need not be taken. */
const zstdOptions = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };

/** Smaller ones are not worth the way to another thread. */
const maxSyncBytes = 4_096;

interface Limit {
  readonly maxOutputLength: number;
}

interface Coding {
  whole(body: Uint8Array, limit: Limit): Promise<Buffer>;
  small(body: Uint8Array, limit: Limit): Buffer;
  stream(first: Uint8Array): Duplex;
}

const gzip: Coding = { whole: promisify(gunzip), small: gunzipSync, stream: () => createGunzip() };
const codings: Readonly<Record<string, Coding | undefined>> = {
  __proto__: null as never,
  gzip,
  'x-gzip': gzip,
  br: { whole: promisify(brotliDecompress), small: brotliDecompressSync, stream: () => createBrotliDecompress() },
  zstd: {
    whole: (body, { maxOutputLength }) => promisify(zstdDecompress)(body, { maxOutputLength, ...zstdOptions }),
    small: (body, { maxOutputLength }) => zstdDecompressSync(body, { maxOutputLength, ...zstdOptions }),
    stream: () => createZstdDecompress(zstdOptions),
  },
  deflate: {
    whole: (body, options) => (isZlib(body) ? promisify(inflate) : promisify(inflateRaw))(body, options),
    small: (body, options) => (isZlib(body) ? inflateSync : inflateRawSync)(body, options),
    stream: (first) => (isZlib(first) ? createInflate() : createInflateRaw()),
  },
};

/** The coding of a body, undefined for none or one that nobody asked for: such a body is left as it is. */
export function codingOf(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string') return undefined;
  const name = header.trim().toLowerCase();
  return codings[name] === undefined ? undefined : name;
}

/** A whole body decompressed. Throws RESPONSE_TOO_LARGE as soon as there is more than `maxBytes`, and MALFORMED_RESPONSE. */
export async function decompress(
  source: string,
  coding: string,
  body: Uint8Array,
  maxBytes: number,
): Promise<Uint8Array> {
  const { whole, small } = codings[coding]!;
  const options = { maxOutputLength: maxBytes };
  try {
    return body.length <= maxSyncBytes ? small(body, options) : await whole(body, options);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(source, 'bytes', maxBytes);
    throw malformed(source, `with a body that is not ${coding}`, error);
  }
}

/** A body decompressed while it comes: never more ahead of its reader than some 100 KiB. Leaving it leaves `body`. */
export function decompressed(
  source: string,
  coding: string,
  body: AsyncIterableIterator<Uint8Array>,
): AsyncIterableIterator<Uint8Array> {
  const chunks = decompressing(source, coding, body);
  return {
    next: () => chunks.next(),
    async return() {
      // A generator that was never asked for anything would not do it.
      await body.return?.();
      return chunks.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* decompressing(
  source: string,
  coding: string,
  body: AsyncIterableIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const first = await body.next();
  if (first.done === true) return;
  let failure: { readonly error: unknown } | undefined;
  const all = async function* () {
    try {
      yield first.value;
      yield* body;
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  const stream = codings[coding]!.stream(first.value);
  // Its callback is where a failure would be heard; the reader hears of it too.
  pipeline(all(), stream, () => {});
  try {
    yield* stream;
  } catch (error) {
    throw failure === undefined ? malformed(source, `with a body that is not ${coding}`, error) : failure.error;
  } finally {
    await body.return?.();
  }
}

/** Some send the bare deflate stream that the name promises, others (RFC 9110, section 8.4.1.2) wrap it in zlib's head. */
function isZlib(body: Uint8Array): boolean {
  return body.length >= 2 && (body[0]! & 0x0f) === 8 && ((body[0]! << 8) | body[1]!) % 31 === 0;
}
