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
    const iterator = output[Symbol.asyncIterator]();
    return resumed(await iterator.next(), iterator) as O;
  };
}

export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function resumed<T>(first: IteratorResult<T>, iterator: AsyncIterator<T>): AsyncIterableIterator<T> {
  let held: IteratorResult<T> | undefined = first;
  return {
    next() {
      const step = held;
      if (step === undefined) return iterator.next();
      // The end stays the end.
      if (step.done !== true) held = undefined;
      return Promise.resolve(step);
    },
    async return(value) {
      held = { done: true, value: undefined };
      return (await iterator.return?.(value)) ?? { done: true, value };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
