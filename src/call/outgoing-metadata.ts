import type { Context } from '../concurrency/index.ts';
import { fieldsOf, withFields } from './fields.ts';
import { type Metadata, type MetadataInit, metadataOfWire, metadataPairs, noMetadata } from './metadata.ts';

/** What came back with a call beside its messages. */
export interface AnswerMetadata {
  /** There with the first message of a stream, and when the call has ended. */
  readonly headers: Metadata;
  /** There when the call has ended, also with an error. */
  readonly trailers: Metadata;
}

/** What a client's calls take along beyond the fields. */
export interface OutgoingMetadata {
  readonly pairs: readonly string[];
  readonly answers: readonly Answer[];
}

/** What {@link withMetadata} fills: for one call, the last one if there are several. */
export function answerMetadata(): AnswerMetadata {
  return new Answer();
}

/**
 * A child Context whose RPCs send these values, beside those that it has, whose values of the same names they replace; and, with
 * `answer`, tell there what came back. For calls that this process makes with it: the server that gets them passes nothing on by
 * itself. Throws a TypeError for what cannot be sent, and a RangeError for more than 64 values or 8,192 bytes.
 *
 *     const answer = answerMetadata();
 *     await room.join(withMetadata(ctx, { 'x-api-key': key }, answer), { roomId });
 *     answer.trailers.get('x-cost');
 */
export function withMetadata(ctx: Context, init: MetadataInit, answer?: AnswerMetadata): Context {
  if (answer !== undefined && !(answer instanceof Answer))
    throw new TypeError('withMetadata: the answer must be made by answerMetadata()');
  const { pairs = [], answers = [] } = fieldsOf(ctx).outgoing ?? {};
  const outgoing = {
    pairs: metadataPairs(init, pairs),
    answers: answer === undefined || answers.includes(answer) ? answers : [...answers, answer],
  };
  return withFields(ctx, { outgoing });
}

class Answer implements AnswerMetadata {
  headers = noMetadata;
  trailers = noMetadata;
}

/** What one try of a call hears, for all who asked. */
export class Reception {
  readonly #answers: readonly Answer[];
  #headers = noMetadata;

  private constructor(answers: readonly Answer[]) {
    this.#answers = answers;
    this.#tell(noMetadata);
  }

  /** Undefined: nobody asked. */
  static of({ answers }: OutgoingMetadata): Reception | undefined {
    return answers.length === 0 ? undefined : new Reception(answers);
  }

  headers(entries: Iterable<readonly [string, string]>): void {
    this.#headers = metadataOfWire(entries);
    this.#tell(noMetadata);
  }

  /** The answer came whole, or failed with this: it replaces what an earlier try may have told. */
  end(trailers: Iterable<readonly [string, string]>): void {
    this.#tell(metadataOfWire(trailers));
  }

  #tell(trailers: Metadata): void {
    for (const answer of this.#answers) {
      answer.headers = this.#headers;
      answer.trailers = trailers;
    }
  }
}
