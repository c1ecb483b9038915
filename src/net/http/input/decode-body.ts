import { promisify } from 'node:util';
import { brotliDecompress, constants, gunzip, type InputType, type ZlibOptions, zstdDecompress } from 'node:zlib';
import { tooLarge } from '../engine/request-body.ts';
import { HttpErrors } from '../http-errors.ts';

/**
 * The content of a request's body that came in a coding: gzip, br or zstd, by its Content-Encoding; without one, the bytes themselves. For a
 * route that takes `rawBytes()`: no route does it by itself, since a small body can then be a large one.
 *
 *     const content = await decodeBody(req.body, req.header('content-encoding'), 1024 * 1024);
 *
 * It is decoded on a thread. Never more than `maxBytes` (a whole number from 0) are made: rejects with BODY_TOO_LARGE, 413, for a body that
 * would be larger; with UNSUPPORTED_MEDIA_TYPE, 415, for another coding and for several; with MALFORMED_REQUEST, 400, for a body that is
 * cut short, not in the coding it says, or followed by something else.
 */
export async function decodeBody(
  bytes: Uint8Array,
  contentEncoding: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0)
    throw new RangeError(`decodeBody: maxBytes is ${maxBytes}; it must be a whole number from 0`);
  const coding = contentEncoding?.trim().toLowerCase() ?? 'identity';
  if (coding === 'identity' || coding === '') {
    if (bytes.length > maxBytes) throw tooLarge(maxBytes);
    return bytes;
  }
  const decode = decoders.get(coding);
  if (decode === undefined) {
    throw HttpErrors.UNSUPPORTED_MEDIA_TYPE(
      `the content encoding "${coding.slice(0, 100)}" is not taken here; it may be gzip, br or zstd`,
      { metadata: { acceptEncoding: 'gzip, br, zstd' } },
    );
  }
  let content: Uint8Array;
  try {
    // zlib takes no limit of 0.
    content = await decode(bytes, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw HttpErrors.MALFORMED_REQUEST(`the body is not what its content encoding says, ${coding}`, { cause });
  }
  if (content.length > maxBytes) throw tooLarge(maxBytes);
  return content;
}

type Decoder = (bytes: Uint8Array, limits: { readonly maxOutputLength: number }) => Promise<Uint8Array>;

const unzip = promisify<InputType, ZlibOptions, Buffer>(gunzip);
const unbrotli = promisify(brotliDecompress);
const unzstd = promisify(zstdDecompress);
/** What follows is refused. A gzip file may have several members (RFC 1952, section 2.2), and zlib refuses what is none by itself. */
const strict = { rejectGarbageAfterEnd: true };
/** RFC 9659: who decodes zstd from the network need not have more than 8 MiB of memory for it. */
const zstdParams = { [constants.ZSTD_d_windowLogMax]: 23 };

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', (bytes, limits) => unzip(bytes, limits)],
  ['x-gzip', (bytes, limits) => unzip(bytes, limits)],
  ['br', (bytes, limits) => unbrotli(bytes, { ...limits, ...strict })],
  ['zstd', (bytes, limits) => unzstd(bytes, { ...limits, ...strict, params: zstdParams })],
]);
