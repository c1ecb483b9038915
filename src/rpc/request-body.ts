import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Clock, Context } from '../concurrency/index.ts';
import { requestBytes } from './request-bytes.ts';

/** What a client sends on a stream, read by one consumer. */
export class RequestBody {
  readonly #stream: ServerHttp2Stream;
  #chunks: AsyncIterator<Uint8Array> | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  /** The bytes as they come. Fails when the call's Context ends, in the form that the protocol library passes on. */
  read(ctx: Context): AsyncGenerator<Uint8Array> {
    return requestBytes(ctx, () => this.#open());
  }

  /**
   * Once the answer is out: reads what the client still sends and nobody wants, since a stream with bytes in its buffer never
   * closes, nor does its connection. A client that goes on for more than a moment is told to stop (RFC 9113, section 8.1).
   */
  async discard(clock: Clock): Promise<void> {
    const stream = this.#stream;
    if (stream.readableEnded || stream.destroyed) return;
    const chunks = this.#open();
    const timer = clock.after(patienceMs, () => stream.close(constants.NGHTTP2_NO_ERROR));
    stream.once('close', () => timer.stop());
    try {
      while ((await chunks.next()).done !== true);
    } catch {
      // The client has left: that is what was wanted.
    } finally {
      timer.stop();
    }
  }

  #open(): AsyncIterator<Uint8Array> {
    this.#chunks ??= this.#stream.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
    return this.#chunks;
  }
}

const patienceMs = 1_000;
