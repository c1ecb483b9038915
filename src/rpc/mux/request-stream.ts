import type { Message } from '@bufbuild/protobuf';
import { type StepReader, StepStream } from '../../concurrency/steps/step-stream.ts';
import type { Source } from '../codec/source.ts';
import type { MuxEngine } from './engine.ts';
import type { MuxStream } from './mux-stream.ts';
import { UnreadMessages } from './unread-messages.ts';

export type DecodeRequest = (source: Source, end: number, isCompressed: boolean) => Message | Promise<Message>;

/** What a caller streams, for one reader: what it has not read fills the call's window, and then the caller waits. */
export class RequestStream extends StepStream<Message> {
  readonly #engine: MuxEngine;
  readonly #stream: MuxStream;
  readonly #decode: DecodeRequest;
  readonly #unread = new UnreadMessages();
  #reader: StepReader<Message> | undefined;
  #isEnded = false;

  /** `decode`: reads a message, at once or later, or ends the call and throws. */
  constructor(engine: MuxEngine, stream: MuxStream, decode: DecodeRequest) {
    super();
    this.#engine = engine;
    this.#decode = decode;
    this.#stream = stream;
  }

  get hasUnread(): boolean {
    return !this.#unread.isEmpty;
  }

  /** A message came. It is read at once where somebody waits for it. */
  push(source: Source, end: number, isCompressed: boolean, cost: number): void {
    const reader = this.#reader;
    if (reader === undefined) {
      this.#unread.add(source, end, isCompressed, cost);
      return;
    }
    this.#reader = undefined;
    this.#engine.consumed(this.#stream, cost);
    this.#give(reader, source, end, isCompressed);
  }

  /** The caller sends no more. */
  end(): void {
    this.#isEnded = true;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.onDone();
  }

  /** The call is over: nobody reads what is left. Whoever waits is told by the Context. */
  close(): void {
    this.#isEnded = true;
    this.#unread.drop(this.#engine, this.#stream);
  }

  override pull(reader: StepReader<Message>): void {
    const unread = this.#unread.take(this.#engine, this.#stream);
    if (unread !== undefined) this.#give(reader, unread.source, unread.end, unread.isCompressed);
    else if (this.#isEnded) reader.onDone();
    else this.#reader = reader;
  }

  override leave(): undefined {
    this.close();
  }

  #give(reader: StepReader<Message>, source: Source, end: number, isCompressed: boolean): void {
    let message: Message | Promise<Message>;
    try {
      message = this.#decode(source, end, isCompressed);
    } catch (error) {
      reader.onFail(error);
      return;
    }
    if (!(message instanceof Promise)) reader.onStep(message);
    // Nobody pulls before it is told: what comes meanwhile waits.
    else
      message.then(
        (late) => reader.onStep(late),
        (error) => reader.onFail(error),
      );
  }
}
