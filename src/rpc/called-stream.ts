import { AsyncLocalStorage } from 'node:async_hooks';
import type { Message } from '@bufbuild/protobuf';
import type { CancelContext, Context } from '../concurrency/index.ts';
import { leaveAlone } from '../concurrency/steps/step-layer.ts';
import { type StepReader, StepStream } from '../concurrency/steps/step-stream.ts';
import { stepsOf } from '../concurrency/steps/steps-of.ts';
import { boundStream } from './bound-stream.ts';
import type { Payload } from './server-method.ts';

/** What a caller reads of a call that answers with a stream. */
export class CalledStream extends StepStream<Message> implements StepReader<Message> {
  readonly #open: () => CancelContext;
  readonly #call: (ctx: Context) => Promise<Payload>;
  #ctx: CancelContext | undefined;
  #answers: StepStream<Message> | undefined;
  #reader: StepReader<Message> | undefined;
  #isOver = false;
  readonly #enter = AsyncLocalStorage.snapshot();

  /** The call begins with the first step. `open`: makes its Context, which ends with the stream. */
  constructor(open: () => CancelContext, call: (ctx: Context) => Promise<Payload>) {
    super();
    this.#open = open;
    this.#call = call;
  }

  override pull(reader: StepReader<Message>): void {
    if (this.#isOver) {
      reader.onDone();
      return;
    }
    this.#reader = reader;
    if (this.#answers !== undefined) this.#answers.pull(this);
    else this.#enter(() => this.#begin());
  }

  /** Ends the call also while a step is awaited, which then fails with the end of the Context. */
  override leave(): undefined {
    this.#isOver = true;
    this.#ctx?.cancel();
  }

  onStep(message: Message): void {
    this.#reader!.onStep(message);
  }

  onDone(): void {
    this.leave();
    this.#reader!.onDone();
  }

  onFail(error: unknown): void {
    this.leave();
    this.#reader!.onFail(error);
  }

  /** As from where it was called, whoever takes the first step. */
  #begin(): void {
    this.#ctx = this.#open();
    this.#answers = boundStream(this.#ctx, new ComingStream(this.#ctx, this.#call));
    this.#answers.pull(this);
  }
}

/** The answers of a call that is made when the first of them is asked for. */
class ComingStream extends StepStream<Message> {
  readonly #ctx: Context;
  readonly #call: (ctx: Context) => Promise<Payload>;
  #answers: StepStream<Message> | undefined;
  #isLeft = false;

  constructor(ctx: Context, call: (ctx: Context) => Promise<Payload>) {
    super();
    this.#ctx = ctx;
    this.#call = call;
  }

  override pull(reader: StepReader<Message>): void {
    if (this.#answers !== undefined) this.#answers.pull(reader);
    else if (this.#isLeft) reader.onDone();
    else void this.#begin(reader);
  }

  override leave(): Promise<unknown> | undefined {
    this.#isLeft = true;
    return this.#answers?.leave();
  }

  async #begin(reader: StepReader<Message>): Promise<void> {
    try {
      this.#ctx.throwIfDone();
      this.#answers = stepsOf((await this.#call(this.#ctx)) as AsyncIterable<Message>);
    } catch (error) {
      this.#isLeft = true;
      reader.onFail(error);
      return;
    }
    if (this.#isLeft) leaveAlone(this.#answers);
    this.#answers.pull(reader);
  }
}
