import { promisify } from 'node:util';
import {
  type BrotliOptions,
  brotliCompress,
  constants,
  gzip,
  type ZlibOptions,
  type ZstdOptions,
  zstdCompress,
} from 'node:zlib';
import type { Coding } from './negotiate.ts';

/** How hard each coding tries: zstd 1 to 22, br 0 to 11, gzip 1 to 9. */
export type Levels = Readonly<Record<Coding, number>>;

const compressors = {
  zstd: promisify<Uint8Array, ZstdOptions, Buffer>(zstdCompress),
  br: promisify<Uint8Array, BrotliOptions, Buffer>(brotliCompress),
  gzip: promisify<Uint8Array, ZlibOptions, Buffer>(gzip),
};

/** The bytes in a coding, made on a thread of the pool. */
export function compress(coding: Coding, data: Uint8Array, level: number): Promise<Uint8Array> {
  switch (coding) {
    case 'zstd':
      return compressors.zstd(data, {
        params: { [constants.ZSTD_c_compressionLevel]: level },
        pledgedSrcSize: data.length,
      });
    case 'br':
      return compressors.br(data, {
        params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_SIZE_HINT]: data.length },
      });
    case 'gzip':
      return compressors.gzip(data, { level });
  }
}
