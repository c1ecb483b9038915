import { StatusError } from '../../errors/index.ts';

/** How a node ended. Its error is made when someone asks: most contexts are disposed and nobody looks again. */
export class End {
  readonly #code: 'canceled' | 'deadline_exceeded';
  /** When it ended, on the scale of the clock: a descendant whose deadline was earlier had expired before. */
  readonly at: number;
  readonly #reason: unknown;
  readonly #isDisposal: boolean;
  #err: StatusError | undefined;

  /** `isDisposal`: by the end of its `using` block. */
  constructor(code: 'canceled' | 'deadline_exceeded', at: number, reason: unknown, isDisposal = false) {
    this.#code = code;
    this.at = at;
    this.#reason = reason;
    this.#isDisposal = isDisposal;
  }

  get err(): StatusError {
    this.#err ??= this.fresh();
    return this.#err;
  }

  get cause(): unknown {
    return this.#reason ?? this.err;
  }

  /** Each throw gets its own error, with the stack of the place that gave up. */
  fresh(): StatusError {
    const options = this.#reason === undefined ? {} : { cause: this.#reason };
    if (this.#code === 'deadline_exceeded') return new StatusError(this.#code, 'context deadline exceeded', options);
    if (!this.#isDisposal) return new StatusError(this.#code, 'context canceled', options);
    // Most often somebody forgot an `await` in that block: the text shall say where to look.
    return new StatusError(this.#code, 'context canceled: the block that it belongs to has ended', {
      reason: 'CONTEXT_DISPOSED',
    });
  }
}
