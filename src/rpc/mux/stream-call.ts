import { AsyncLocalStorage } from 'node:async_hooks';
import type { Message } from '@bufbuild/protobuf';
import { type StepReader, StepStream } from '../../concurrency/steps/step-stream.ts';
import { stepsOf } from '../../concurrency/steps/steps-of.ts';
import type { StatusError } from '../../errors/index.ts';
import { isStream } from '../bound-stream.ts';
import type { Source } from '../codec/source.ts';
import type { Payload } from '../server-method.ts';
import { ClientCall } from './client-call.ts';
import { MessagePump, type PumpOwner } from './message-pump.ts';
import { type PackedMessage, putMessage, putPacked, takeMessage } from './messages.ts';
import { flags, frames } from './protocol.ts';
import { UnreadMessages } from './unread-messages.ts';

/**
 * A call with a stream in either direction. Its answers are taken by one reader, one at a time: what waits for it fills the
 * call's window, and then the server waits. The requests are taken as fast as the server takes them.
 */
export class StreamCall extends ClientCall implements PumpOwner {
  readonly #unread = new UnreadMessages();
  /** What is to be sent, before it is opened: not while the call itself waits, for another node may take it then. */
  #input: AsyncIterable<Message> | undefined;
  /** Runs what it is given as from where the call was made. */
  #enter: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined;
  #requests: MessagePump | undefined;
  #reader: StepReader<Message> | undefined;
  #isSettled = false;
  #error: StatusError | undefined;

  /** Begins the call: its answers. What cannot be sent fails them. */
  begin(input: Payload): AsyncIterable<Message> {
    const { session, method } = this;
    try {
      if (isStream(input)) {
        session.engine.sink.reset();
        this.#input = input as AsyncIterable<Message>;
        this.#enter = AsyncLocalStorage.snapshot();
        if (this.start(0)) this.onWritable();
      } else {
        const flag = putMessage(session.engine, method.input, input as Message, 'the request', method.limits);
        if (typeof flag === 'number') this.start(flag | flags.end);
        else void this.startLater(flag, flags.end);
      }
    } catch (error) {
      this.abandon(error);
    }
    return new Answers(this);
  }

  pull(reader: StepReader<Message>): void {
    const unread = this.#unread.take(this.session.engine, this);
    if (unread !== undefined) this.#give(reader, unread.source, unread.end, unread.isCompressed);
    else if (!this.#isSettled) this.#reader = reader;
    else if (this.#error === undefined) reader.onDone();
    else reader.onFail(this.#error);
  }

  leave(): void {
    this.#unread.drop(this.session.engine, this);
    this.abandon(undefined);
  }

  override get hasUnread(): boolean {
    return !this.#unread.isEmpty;
  }

  override onMessage(source: Source, end: number, isCompressed: boolean, cost: number): void {
    this.report(undefined);
    const reader = this.#reader;
    if (reader === undefined) {
      this.#unread.add(source, end, isCompressed, cost);
      return;
    }
    this.#reader = undefined;
    this.session.engine.consumed(this, cost);
    this.#give(reader, source, end, isCompressed);
  }

  override onAnswer(status: Uint8Array | undefined, isUnsent: boolean): void {
    this.answered();
    this.finish(status === undefined ? undefined : this.errorOf(status, isUnsent));
  }

  override onWritable(): void {
    const input = this.#input;
    if (input === undefined) {
      this.#requests?.resume();
      return;
    }
    this.#input = undefined;
    try {
      // Whoever makes room, it is not the caller's code that is on the stack then.
      this.#requests = new MessagePump(this, this.#enter!(stepsOf<Message>, input));
      this.#requests.resume();
    } catch (error) {
      this.abandon(error);
    }
  }

  /** The caller's own end comes before what it has not read. */
  override contextDone(): void {
    this.#unread.drop(this.session.engine, this);
    super.contextDone();
  }

  sendNext(message: Message): boolean {
    const { session, method } = this;
    if (!this.isOpen) return false;
    const flag = putMessage(session.engine, method.input, message, 'the request', method.limits);
    if (typeof flag === 'number') return session.engine.send(this, frames.data, flag);
    void this.#sendLater(flag);
    return false;
  }

  pumpDone(): void {
    this.session.engine.end(this);
  }

  pumpFailed(error: unknown): void {
    if (this.isOpen) this.abandon(error);
  }

  protected override settle(error: StatusError | undefined): void {
    this.#isSettled = true;
    this.#error = error;
    const reader = this.#reader;
    this.#reader = undefined;
    this.#requests?.stop();
    if (error === undefined) reader?.onDone();
    else reader?.onFail(error);
  }

  async #sendLater(packed: Promise<PackedMessage>): Promise<void> {
    const { engine } = this.session;
    try {
      const message = await packed;
      if (this.isOpen && engine.send(this, frames.data, putPacked(engine.sink, message))) this.#requests?.resume();
    } catch (error) {
      this.pumpFailed(error);
    }
  }

  /** Reads a message. One that cannot be read ends the call. */
  #give(reader: StepReader<Message>, source: Source, end: number, isCompressed: boolean): void {
    const { method } = this;
    let message: Message | Promise<Message>;
    try {
      message = takeMessage(method.output, source, end, isCompressed, 'the answer', method.limits);
    } catch (thrown) {
      this.#giveUp(reader, thrown);
      return;
    }
    if (!(message instanceof Promise)) reader.onStep(message);
    // Nobody pulls before it is told: what comes meanwhile waits.
    else
      message.then(
        (late) => reader.onStep(late),
        (thrown) => this.#giveUp(reader, thrown),
      );
  }

  #giveUp(reader: StepReader<Message>, thrown: unknown): void {
    const error = this.unreadable(thrown);
    this.#unread.drop(this.session.engine, this);
    this.abandon(error);
    reader.onFail(error);
  }
}

/** What its caller reads of a call. */
class Answers extends StepStream<Message> {
  readonly #call: StreamCall;

  constructor(call: StreamCall) {
    super();
    this.#call = call;
  }

  override pull(reader: StepReader<Message>): void {
    this.#call.pull(reader);
  }

  override leave(): undefined {
    this.#call.leave();
  }
}
