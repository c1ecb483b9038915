import { StepLayer } from '../../concurrency/steps/step-layer.ts';
import type { StepReader, StepStream } from '../../concurrency/steps/step-stream.ts';
import { stepsOf } from '../../concurrency/steps/steps-of.ts';
import type { Handler } from '../method.ts';

/** A stream that was not begun can be given to another try. */
export class UntouchedStream<T> implements AsyncIterable<T> {
  readonly #source: AsyncIterable<T>;
  isTouched = false;

  constructor(source: AsyncIterable<T>) {
    this.#source = source;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    this.isTouched = true;
    return this.#source[Symbol.asyncIterator]();
  }
}

/** The output when its first message has come: until then a stream that fails can be asked for again. */
export function withFirstMessage<I, O>(next: Handler<I, O>): Handler<I, O> {
  return async (ctx, input) => {
    const output = await next(ctx, input);
    if (!isStream(output)) return output;
    const stream = stepsOf(output);
    return new ResumedSteps(await stream.next(), stream) as O;
  };
}

export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** A stream whose first step was taken already. */
class ResumedSteps<T> extends StepLayer<T> {
  #held: IteratorResult<T> | undefined;

  constructor(first: IteratorResult<T>, rest: StepStream<T>) {
    super(rest);
    this.#held = first;
  }

  override pull(reader: StepReader<T>): void {
    const step = this.#held;
    if (step === undefined) {
      super.pull(reader);
    } else if (step.done === true) {
      // The end stays the end.
      reader.onDone();
    } else {
      this.#held = undefined;
      reader.onStep(step.value);
    }
  }

  override leave(): Promise<unknown> | undefined {
    this.#held = { done: true, value: undefined };
    return super.leave();
  }

  override onStep(value: T): void {
    this.takeReader().onStep(value);
  }
}
