import type { Message } from '@bufbuild/protobuf';
import { leaveAlone } from '../../concurrency/steps/step-layer.ts';
import type { StepReader, StepStream } from '../../concurrency/steps/step-stream.ts';

/** For whom a {@link MessagePump} works. None of its methods throws but `sendNext`. */
export interface PumpOwner {
  /** Sends a message. False: it waits for room, and its owner resumes the pump when it has gone. Throws for what cannot be sent. */
  sendNext(message: Message): boolean;
  /** All are sent. */
  pumpDone(): void;
  pumpFailed(error: unknown): void;
}

/** Sends the messages of a stream, one after the other, as there is room for them. */
export class MessagePump implements StepReader<Message> {
  readonly #owner: PumpOwner;
  readonly #source: StepStream<Message>;
  #isOver = false;
  /** A step is on its way. */
  #isAsked = false;
  #isPulling = false;
  #isDue = false;

  constructor(owner: PumpOwner, source: StepStream<Message>) {
    this.#owner = owner;
    this.#source = source;
  }

  /**
   * Takes steps until one is to be waited for, or there is no room; does nothing while one is on its way. In a loop: what is there
   * at once must not fill the stack.
   */
  resume(): void {
    if (this.#isAsked) return;
    this.#isDue = true;
    if (this.#isPulling) return;
    this.#isPulling = true;
    while (this.#isDue && !this.#isOver) {
      this.#isDue = false;
      this.#isAsked = true;
      this.#source.pull(this);
    }
    this.#isPulling = false;
  }

  /** The call is over. Without waiting for the source, which may be stuck. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    leaveAlone(this.#source);
  }

  onStep(message: Message): void {
    this.#isAsked = false;
    if (this.#isOver) return;
    let isSent: boolean;
    try {
      isSent = this.#owner.sendNext(message);
    } catch (error) {
      this.stop();
      this.#owner.pumpFailed(error);
      return;
    }
    // It may have been told already, while it was sent in pieces.
    if (isSent) this.resume();
  }

  onDone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.pumpDone();
  }

  onFail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.pumpFailed(error);
  }
}
