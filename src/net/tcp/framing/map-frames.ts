import type { FrameCodec, FrameDecoder } from './frame-codec.ts';

export interface FrameMapping<In, Out, A, B> {
  /** The message in a frame that was read. What it throws ends the connection: throw a StatusError (MALFORMED_FRAME). */
  readonly decode: (frame: In) => A;
  /** The frame for a message. What it throws goes to whoever writes; the connection lives on. */
  readonly encode: (message: B) => Out;
}

/**
 * A codec of messages upon one of frames.
 *
 *     const events = mapFrames(lines({ maxBytes: 4096 }), { decode: parseEvent, encode: (event: Event) => JSON.stringify(event) });
 */
export function mapFrames<In, Out, A, B>(
  frames: FrameCodec<In, Out>,
  mapping: FrameMapping<In, Out, A, B>,
): FrameCodec<A, B> {
  return {
    decoder: () => new MappedDecoder(frames.decoder(), mapping.decode),
    encode: (message, sink) => frames.encode(mapping.encode(message), sink),
  };
}

class MappedDecoder<In, A> implements FrameDecoder<A> {
  readonly #frames: FrameDecoder<In>;
  readonly #decode: (frame: In) => A;

  constructor(frames: FrameDecoder<In>, decode: (frame: In) => A) {
    this.#frames = frames;
    this.#decode = decode;
  }

  get partialBytes(): number {
    return this.#frames.partialBytes;
  }

  push(chunk: Uint8Array): void {
    this.#frames.push(chunk);
  }

  next(): A | undefined {
    const frame = this.#frames.next();
    return frame === undefined ? undefined : this.#decode(frame);
  }

  end(): A | undefined {
    const frame = this.#frames.end();
    return frame === undefined ? undefined : this.#decode(frame);
  }
}
