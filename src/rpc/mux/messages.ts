import { gunzipSync, gzipSync } from 'node:zlib';
import type { Message } from '@bufbuild/protobuf';
import type { StatusError } from '../../errors/index.ts';
import type { Codec } from '../codec/codec.ts';
import { Source } from '../codec/source.ts';
import { RpcErrors } from '../rpc-errors.ts';
import type { MuxEngine } from './engine.ts';
import { flags } from './protocol.ts';

/** How a side writes its messages. */
export interface MessageLimits {
  readonly maxMessageBytes: number;
  /** Larger ones are compressed where the other side reads that. Infinity: none are. */
  readonly compressMinBytes: number;
}

/**
 * Puts a message into the engine's sink, compressed where that is wanted, and answers the flags that say so. Throws
 * MESSAGE_TOO_LARGE, and what the codec throws.
 */
export function putMessage(
  engine: MuxEngine,
  codec: Codec,
  message: Message,
  which: string,
  limits: MessageLimits,
): number {
  const { sink } = engine;
  sink.reset();
  codec.write(message, sink);
  const size = sink.bytes.length - sink.at;
  if (size > limits.maxMessageBytes) throw tooLarge(which, limits.maxMessageBytes);
  if (size < limits.compressMinBytes || engine.peer?.gzip !== true) return flags.message;
  const packed = gzipSync(sink.bytes.subarray(sink.at), { level: 1 });
  if (packed.length >= size) return flags.message;
  sink.reset();
  sink.raw(packed, 0);
  return flags.message | flags.compressed;
}

/** Reads a message. Throws MESSAGE_TOO_LARGE for one that is when it is inflated, and a RangeError for what is none. */
export function takeMessage(
  codec: Codec,
  source: Source,
  end: number,
  isCompressed: boolean,
  which: string,
  maxMessageBytes: number,
): Message {
  if (!isCompressed) return codec.read(source, end);
  let bytes: Buffer;
  try {
    bytes = gunzipSync(source.bytes.subarray(source.at, end), { maxOutputLength: maxMessageBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(which, maxMessageBytes);
    throw new RangeError('not a message: it cannot be inflated', { cause });
  }
  return codec.read(new Source(bytes), bytes.length);
}

export function tooLarge(which: string, maxBytes: number): StatusError {
  return RpcErrors.MESSAGE_TOO_LARGE(`a message of ${which} is larger than the limit of ${maxBytes} bytes`);
}
