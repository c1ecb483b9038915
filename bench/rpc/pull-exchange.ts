import type { Exchange } from './answer-loads.ts';

/** An exchange over a stream whose requests are pulled from an async iterable. */
export function pullExchange<T extends object>(
  message: T,
  open: (messages: AsyncIterable<T>) => AsyncIterable<T>,
): Exchange {
  let isDue = 0;
  let pull: ((step: IteratorResult<T>) => void) | undefined;
  const give = (step: IteratorResult<T>) => {
    const waiting = pull;
    pull = undefined;
    waiting?.(step);
  };
  const messages: AsyncIterableIterator<T> = {
    next() {
      if (isDue === 0)
        return new Promise((resolve) => {
          pull = resolve;
        });
      isDue--;
      return Promise.resolve({ done: false, value: message });
    },
    return: () => Promise.resolve({ done: true, value: undefined }),
    // Connect wants it.
    throw: (error) => Promise.reject(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  const answers = open(messages)[Symbol.asyncIterator]();
  return {
    async exchange() {
      if (pull === undefined) isDue++;
      else give({ done: false, value: message });
      const { done, value } = await answers.next();
      if (done === true) throw new Error('the stream ended');
      return value;
    },
    close() {
      give({ done: true, value: undefined });
      // Its end is of no interest: what was measured is done.
      answers.next().then(undefined, () => {});
    },
  };
}
