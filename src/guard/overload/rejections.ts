import type { Rejection } from '../../call/index.ts';
import type { StatusError } from '../../errors/index.ts';
import { GuardErrors } from '../guard-errors.ts';
import type { OverloadRefusal } from './overload-guard.ts';

/** When a refused caller may come back: spread, or all of them would come back together. */
const retriesAfterMs = [1000, 1400, 1800, 2200, 2600, 3000] as const;

const messages: Readonly<Record<Exclude<OverloadRefusal, 'deadline'>, string>> = {
  level: 'the server is overloaded and takes more important calls first',
  turn: 'the server is overloaded: calls before this one keep it busy',
  concurrency: 'the server is overloaded: as many calls of this method run as it can do at a time',
  heap: 'the server is overloaded: it is short of memory',
};

/** The refusals of a guard, made once: refusing one of a flood of calls allocates nothing. */
export class Rejections {
  readonly #overloaded: Readonly<Record<keyof typeof messages, readonly Rejection[]>>;
  readonly #deadline: Rejection;
  #next = 0;

  constructor() {
    const spread = (message: string) => retriesAfterMs.map((retryAfterMs) => rejection(message, retryAfterMs));
    this.#overloaded = {
      level: spread(messages.level),
      turn: spread(messages.turn),
      concurrency: spread(messages.concurrency),
      heap: spread(messages.heap),
    };
    const message = 'the caller does not wait for as long as the call takes at least';
    this.#deadline = { admitted: false, error: detached(GuardErrors.DEADLINE_TOO_SHORT(message)) };
  }

  of(reason: OverloadRefusal): Rejection {
    if (reason === 'deadline') return this.#deadline;
    this.#next = (this.#next + 1) % retriesAfterMs.length;
    return this.#overloaded[reason][this.#next]!;
  }
}

function rejection(message: string, retryAfterMs: number): Rejection {
  const error = GuardErrors.OVERLOADED(message, { metadata: { retryAfterMs: String(retryAfterMs) } });
  return { admitted: false, error: detached(error), retryAfterMs };
}

/** A shared error belongs to no place in the code: its stack would be that of whoever made the guard. */
function detached(error: StatusError): StatusError {
  error.stack = `${error.name}: ${error.message}`;
  return error;
}
