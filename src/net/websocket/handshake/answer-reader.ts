import type { Socket } from 'node:net';
import { Wire, type WireHandler } from '../../tcp/wire.ts';
import { parseResponseHead, type ResponseHead } from './response-head.ts';

/** What came in answer to a handshake. */
export interface Answer {
  readonly head: ResponseHead;
  /** What came after the head. */
  readonly rest: Uint8Array;
  /** Paused, without listeners. */
  readonly socket: Socket;
}

/** Sends the request of a handshake and reads the head of the answer, at most `maxBytes`. Rejects with an Error that says what came instead. */
export class AnswerReader implements WireHandler {
  readonly answer: Promise<Answer>;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  readonly #wire: Wire;
  readonly #maxBytes: number;
  #received: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, request: string, maxBytes: number) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#maxBytes = maxBytes;
    this.#wire = new Wire(socket, this);
    this.#wire.write(request);
    this.#wire.start();
    this.#wire.resume();
  }

  onBytes(chunk: Uint8Array): void {
    const from = Math.max(0, this.#received.length - 3);
    this.#received = Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf('\r\n\r\n', from);
    if (end < 0 && this.#received.length <= this.#maxBytes) return;
    const head =
      end < 0 || end > this.#maxBytes ? undefined : parseResponseHead(this.#received.toString('latin1', 0, end));
    if (head === undefined) {
      this.#fail(new Error('the answer is no HTTP/1.1, or too long'));
      return;
    }
    this.#resolve({ head, rest: this.#received.subarray(end + 4), socket: this.#wire.release() });
  }

  onEnd(): void {
    this.#fail(new Error('the server closed the connection before it had answered'));
  }

  onClose(error: Error | undefined): void {
    this.#reject(error ?? new Error('the connection was closed before it was answered'));
  }

  onDrain(): void {}

  #fail(error: Error): void {
    this.#reject(error);
    this.#wire.destroy();
  }
}
