import type { Message } from '@bufbuild/protobuf';
import type { StatusError } from '../../errors/index.ts';
import type { Codec } from '../codec/codec.ts';
import type { Sink } from '../codec/sink.ts';
import { Source } from '../codec/source.ts';
import { RpcErrors } from '../rpc-errors.ts';
import type { MuxEngine } from './engine.ts';
import { type Gzip, isTooLarge } from './gzip.ts';
import { flags } from './protocol.ts';

/** How a side writes its messages and reads those of the other. */
export interface MessageLimits {
  readonly maxMessageBytes: number;
  /** Larger ones are compressed where the other side reads that. Infinity: none are. */
  readonly compressMinBytes: number;
  readonly gzip: Gzip;
}

/** A message as it is sent. */
export interface PackedMessage {
  readonly bytes: Uint8Array;
  readonly flag: number;
}

/**
 * Puts a message into the engine's sink, compressed where that is wanted, and answers the flags that say so; one that is
 * compressed off the event loop comes later, for {@link putPacked}. Throws MESSAGE_TOO_LARGE, and what the codec throws.
 */
export function putMessage(
  engine: MuxEngine,
  codec: Codec,
  message: Message,
  which: string,
  limits: MessageLimits,
): number | Promise<PackedMessage> {
  const { sink } = engine;
  sink.reset();
  codec.write(message, sink);
  const size = sink.bytes.length - sink.at;
  if (size > limits.maxMessageBytes) throw tooLarge(which, limits.maxMessageBytes);
  if (size < limits.compressMinBytes || engine.peer?.gzip !== true) return flags.message;
  const plain = sink.finish();
  const packed = limits.gzip.compress(plain);
  if (packed instanceof Promise) return packed.then((bytes) => smaller(plain, bytes));
  return putPacked(sink, smaller(plain, packed));
}

/** Puts it into the sink, and answers its flags. */
export function putPacked(sink: Sink, { bytes, flag }: PackedMessage): number {
  sink.reset();
  sink.raw(bytes, 0);
  return flag;
}

function smaller(plain: Uint8Array, packed: Uint8Array): PackedMessage {
  if (packed.length >= plain.length) return { bytes: plain, flag: flags.message };
  return { bytes: packed, flag: flags.message | flags.compressed };
}

/**
 * Reads a message; one that is inflated off the event loop comes later. Throws, or rejects with, MESSAGE_TOO_LARGE for one
 * that is when it is inflated, and a RangeError for what is none.
 */
export function takeMessage(
  codec: Codec,
  source: Source,
  end: number,
  isCompressed: boolean,
  which: string,
  limits: MessageLimits,
): Message | Promise<Message> {
  return isCompressed ? takeCompressed(codec, source, end, which, limits) : codec.read(source, end);
}

function takeCompressed(
  codec: Codec,
  source: Source,
  end: number,
  which: string,
  { gzip, maxMessageBytes }: MessageLimits,
): Message | Promise<Message> {
  const read = (bytes: Buffer) => codec.read(new Source(bytes), bytes.length);
  const fail = (cause: unknown): never => {
    if (isTooLarge(cause)) throw tooLarge(which, maxMessageBytes);
    throw new RangeError('not a message: it cannot be inflated', { cause });
  };
  let bytes: Buffer | Promise<Buffer>;
  try {
    bytes = gzip.inflate(source.bytes.subarray(source.at, end), maxMessageBytes);
  } catch (error) {
    return fail(error);
  }
  return bytes instanceof Promise ? bytes.then(read, fail) : read(bytes);
}

export function tooLarge(which: string, maxBytes: number): StatusError {
  return RpcErrors.MESSAGE_TOO_LARGE(`a message of ${which} is larger than the limit of ${maxBytes} bytes`);
}
