/**
 * How messages lie in a stream of bytes. `In` is what is read, `Out` what may be written. One codec serves any number of
 * connections: whatever it must remember of one is in its decoder.
 */
export interface FrameCodec<In, Out> {
  /** A fresh decoder, for one connection. */
  decoder(): FrameDecoder<In>;
  /**
   * Writes one whole frame. Throws a StatusError for a message that the protocol cannot carry, before it has written any of
   * it: the connection lives on.
   */
  encode(message: Out, sink: FrameSink): void;
}

/** Cuts the bytes of one connection into messages: a state machine that does no I/O. */
export interface FrameDecoder<In> {
  /**
   * Takes the next bytes, which nobody changes afterwards. Called only when `next` has answered undefined, so that a decoder
   * holds at most one incomplete frame and one chunk.
   */
  push(chunk: Uint8Array): void;
  /**
   * The next message; undefined when it takes more bytes. Throws a StatusError for bytes that are no frame, or one that is
   * too large, as soon as that is certain; nothing is called after that. However the bytes were cut into chunks, the messages
   * and the error are the same.
   */
  next(): In | undefined;
  /** The bytes that it holds of an incomplete frame, after `next` has answered undefined. */
  readonly partialBytes: number;
  /** The peer sends no more: the last message, where the protocol lets one end so. Throws TRUNCATED_FRAME for half a frame. */
  end(): In | undefined;
}

/** Where a codec writes. */
export interface FrameSink {
  /** Bytes that must not change afterwards, or text of one byte a character (Latin-1). Everything goes out in order. */
  write(data: Uint8Array | string): void;
}
