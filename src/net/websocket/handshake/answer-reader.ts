import type { Socket } from 'node:net';
import { parserEvent } from '../../http/engine/message-parser.ts';
import { ResponseParser } from '../../http/engine/response-parser.ts';
import { Wire, type WireHandler } from '../../tcp/wire.ts';
import { WebSocketErrors } from '../websocket-errors.ts';

/** What came in answer to a handshake. */
export interface Answer {
  readonly status: number;
  /** By lower-case name; one that came several times is joined by ', '. */
  header(name: string): string | undefined;
  /** Why it was refused, as far as it fits; of a 101 what came after it. */
  readonly rest: Uint8Array;
  /** Of a 101: paused, without listeners. */
  readonly socket: Socket;
}

/** Of an answer that refuses no more is read: enough for an error in the one shape. */
const maxErrorBytes = 64 * 1024;
const maxHeaders = 100;

/** Sends the request of a handshake and reads the answer. Rejects with an Error that says what came instead. */
export class AnswerReader implements WireHandler {
  readonly answer: Promise<Answer>;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  readonly #wire: Wire;
  readonly #parser: ResponseParser;
  readonly #body: Uint8Array[] = [];
  #bodyBytes = 0;

  constructor(socket: Socket, request: string, maxHeaderBytes: number) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    const none = { maxChunkExtensionBytes: 1024, maxTrailerBytes: 1024 };
    this.#parser = new ResponseParser({ maxHeaderBytes, maxHeaders, ...none });
    this.#wire = new Wire(socket, this);
    this.#wire.write(request);
    this.#wire.start();
    this.#wire.resume();
  }

  onBytes(chunk: Uint8Array): void {
    const parser = this.#parser;
    parser.push(chunk);
    for (;;) {
      switch (parser.next()) {
        case parserEvent.more:
          return;
        case parserEvent.head:
          if (parser.head.status === 101) {
            this.#give(parser.rest(), this.#wire.release());
            return;
          }
          if (parser.head.status < 200 || this.#namesError()) break;
          this.#refused();
          return;
        case parserEvent.body:
          this.#body.push(parser.body);
          this.#bodyBytes += parser.body.length;
          if (this.#bodyBytes <= maxErrorBytes) break;
          this.#refused();
          return;
        case parserEvent.end:
          // 100 and 103 come before the answer.
          if (parser.head.status < 200) break;
          this.#refused();
          return;
        case parserEvent.failed:
          this.#fail(
            WebSocketErrors.HANDSHAKE_FAILED(`the answer to the handshake is not HTTP: ${parser.failure.what}`),
          );
          return;
      }
    }
  }

  onEnd(): void {
    this.#fail(new Error('the server closed the connection before it had answered'));
  }

  onClose(error: Error | undefined): void {
    this.#reject(error ?? new Error('the connection was closed before it was answered'));
  }

  onDrain(): void {}

  /** Whether the body is worth waiting for: it may name the error, and it ends. */
  #namesError(): boolean {
    const { status, isEndless } = this.#parser.head;
    return status >= 400 && !isEndless;
  }

  #refused(): void {
    this.#give(Buffer.concat(this.#body), this.#wire.socket);
    this.#wire.destroy();
  }

  #give(rest: Uint8Array, socket: Socket): void {
    const { status, fields } = this.#parser.head;
    this.#resolve({ status, header: (name) => fields.header(name), rest, socket });
  }

  #fail(error: Error): void {
    this.#reject(error);
    this.#wire.destroy();
  }
}
