import { constants, type ServerHttp2Stream } from 'node:http2';
import { type Clock, type Context, until } from '../concurrency/index.ts';
import { endOf } from './end-with-context.ts';
import { toConnectError } from './error-codec.ts';
import { RpcErrors } from './rpc-errors.ts';

/** What a client sends on a stream, read by one consumer. */
export class RequestBody {
  readonly #stream: ServerHttp2Stream;
  #chunks: AsyncIterator<Uint8Array> | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  /** The bytes as they come. Fails when the call's Context ends, in the form that the protocol library passes on. */
  async *read(ctx: Context): AsyncGenerator<Uint8Array> {
    const chunks = this.#open();
    try {
      for (;;) {
        const step = await until(ctx, chunks.next());
        if (step.done === true) return;
        yield step.value;
      }
    } catch {
      throw toConnectError(ctx.err() === undefined ? RpcErrors.CALLER_LEFT('the caller left') : endOf(ctx));
    }
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
