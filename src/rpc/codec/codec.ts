import type { DescMessage, Message, MessageShape } from '@bufbuild/protobuf';
import type { Sink } from './sink.ts';
import type { Source } from './source.ts';

/** Turns messages of one type into bytes and back. The bytes are those of `toBinary`, the messages those of `fromBinary`. */
export interface Codec<D extends DescMessage = DescMessage> {
  /**
   * Throws an Error that names the field for a value that its type cannot hold. Small messages share a buffer of 16 KiB,
   * which lives as long as any of them: what is kept for long should be a copy.
   */
  encode(message: MessageShape<D>): Uint8Array;
  /**
   * Fields of bytes share the memory of `bytes`. Throws a RangeError for what is not a message of the type; it takes time and
   * memory in proportion to what there is, never to what a length says.
   */
  decode(bytes: Uint8Array): MessageShape<D>;
  /** As `encode`, but puts the bytes before those that are in the sink. */
  write(message: MessageShape<D>, sink: Sink): void;
  /** As `decode`, of the bytes from `source.at` to `end`. */
  read(source: Source, end: number): MessageShape<D>;
}

/** How a message within a message is written and read: by functions that work on the same bytes. */
export interface PartCodec {
  /** Puts the fields before what is there. */
  encode: (message: Message, sink: Sink) => void;
  /** Reads the fields from `source.at` to `end`, as more of `into`. `depth`: how many more levels are allowed. */
  decode: (source: Source, end: number, depth: number, into: Message | undefined) => Message;
}
