import { background } from '../../../concurrency/index.ts';
import { isThenable } from '../../../concurrency/parking/thenable.ts';
import type { Connection } from './connection.ts';

/** A loop over the messages: not a generator, which would take two promises more for each. */
export class MessageLoop<In> implements AsyncIterator<In, void> {
  readonly #connection: Connection<In, never>;

  constructor(connection: Connection<In, never>) {
    this.#connection = connection;
  }

  /** Not an async function: its frame would stay as long as it waits, which is most of an idle connection's time. */
  next(): Promise<IteratorResult<In, void>> {
    try {
      // The end of the connection ends the wait, and tells more than the end of a Context would.
      const message = this.#connection.read(never);
      return isThenable(message) ? message.then(resultOf) : Promise.resolve(resultOf(message));
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

function resultOf<In>(value: In | undefined): IteratorResult<In, void> {
  return value === undefined ? { done: true, value: undefined } : { done: false, value };
}

const never = background();
