import { type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Codec } from './codec.ts';
import { CompiledCodecs } from './compiled-codec.ts';

/** Codecs by message type, each made when it is first asked for. */
export interface Codecs {
  codec<D extends DescMessage>(desc: D): Codec<D>;
}

/** Compiled ones; the library's own where the process forbids code from strings (`--disallow-code-generation-from-strings`). */
export function createCodecs(): Codecs {
  try {
    new Function('');
    return new CompiledCodecs();
  } catch {
    return plainCodecs;
  }
}

/** What the compiled ones must be equal to. */
export const plainCodecs: Codecs = {
  codec: (desc) => ({
    encode: (message) => toBinary(desc, message),
    decode: (bytes) => fromBinary(desc, bytes),
    write: (message, sink) => sink.raw(toBinary(desc, message), 0),
    read: (source, end) => fromBinary(desc, source.bytes.subarray(source.at, end)),
  }),
};
