import { StatusError } from '../../errors/index.ts';

/** How a node ended. Its error is made when someone asks: most contexts are disposed and nobody looks again. */
export class End {
  readonly #code: 'canceled' | 'deadline_exceeded';
  /** When it ended, on the scale of the clock: a descendant whose deadline was earlier had expired before. */
  readonly at: number;
  readonly #reason: unknown;
  #err: StatusError | undefined;

  constructor(code: 'canceled' | 'deadline_exceeded', at: number, reason: unknown) {
    this.#code = code;
    this.at = at;
    this.#reason = reason;
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
    const message = this.#code === 'canceled' ? 'context canceled' : 'context deadline exceeded';
    return new StatusError(this.#code, message, this.#reason === undefined ? {} : { cause: this.#reason });
  }
}
