import type { FrameCodec } from './frame-codec.ts';

/** A message in the form that it has on the wire. */
export class PreparedFrame {
  readonly bytes: Uint8Array;

  /** See {@link prepareFrame}. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** The codec for connections that are also written frames which were encoded before. */
export function preparable<In, Out>(codec: FrameCodec<In, Out>): FrameCodec<In, Out | PreparedFrame> {
  return {
    decoder: () => codec.decoder(),
    encode(message, sink) {
      if (message instanceof PreparedFrame) sink.write(message.bytes);
      else codec.encode(message, sink);
    },
  };
}

/**
 * Encodes a message once, to be written to many connections of a {@link preparable} codec: a broadcast. Throws what the codec
 * says of the message.
 */
export function prepareFrame<Out>(codec: FrameCodec<unknown, Out>, message: Out): PreparedFrame {
  const parts: Uint8Array[] = [];
  codec.encode(message, { write: (data) => parts.push(typeof data === 'string' ? Buffer.from(data, 'latin1') : data) });
  return new PreparedFrame(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
}
