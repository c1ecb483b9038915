import { StatusError } from '../../../errors/index.ts';

/**
 * The chunks of a source that has promised how many bytes it gives in all. Throws SHORT_BODY or LONG_BODY where it does not
 * keep the promise, before a byte too many is given: what framed the promise on the wire is then cut, not completed.
 */
export function exactly(source: AsyncIterable<Uint8Array>, length: number): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => new Counted(source[Symbol.asyncIterator](), length) };
}

/** By hand, not as a generator: one that has not started would not tell the source that its reader has left. */
class Counted implements AsyncIterator<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #length: number;
  #given = 0;

  constructor(source: AsyncIterator<Uint8Array>, length: number) {
    this.#source = source;
    this.#length = length;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const step = await this.#source.next();
    const length = this.#length;
    if (step.done === true) {
      if (this.#given === length) return step;
      throw new StatusError('data_loss', `a body of ${length} bytes ended after ${this.#given}`, {
        reason: 'SHORT_BODY',
      });
    }
    if (!(step.value instanceof Uint8Array)) {
      await this.return();
      throw new TypeError(`a chunk of a sized body must be a Uint8Array, not ${typeof step.value}`);
    }
    this.#given += step.value.length;
    if (this.#given <= length) return step;
    await this.return();
    throw new StatusError('data_loss', `a body of ${length} bytes went on after them`, { reason: 'LONG_BODY' });
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#source.return?.();
    return { done: true, value: undefined };
  }
}
