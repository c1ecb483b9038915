import { errorOfRejection, type Rejection, refusedHeader } from '../../../call/index.ts';
import type { Exchange } from '../engine/exchange.ts';
import { type ErrorReply, errorReply, retryAfterSeconds } from './error-reply.ts';
import { quotaHeaders } from './quota-headers.ts';

/** Who refuses under load shares its rejections, a few for each reason; more than this are not shared. */
const maxKnown = 64;

/** Answers refused requests. What the same rejection is answered with is made once: under overload it is most of the work. */
export class Refusals {
  readonly #known = new Map<Rejection, ErrorReply>();

  refuse(exchange: Exchange, rejection: Rejection): void {
    const { status, headers, body } = this.#known.get(rejection) ?? this.#remember(rejection);
    exchange.respond(status, headers, body);
  }

  #remember(rejection: Rejection): ErrorReply {
    const reply = replyTo(rejection);
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(rejection, reply);
    return reply;
  }
}

function replyTo(rejection: Rejection): ErrorReply {
  const { retryAfterMs, quota } = rejection;
  const { status, headers, body } = errorReply(errorOfRejection(rejection));
  const all = [...headers, refusedHeader, '1'];
  if (retryAfterMs !== undefined && !all.includes('retry-after'))
    all.push('retry-after', retryAfterSeconds(retryAfterMs));
  if (quota !== undefined) all.push(...quotaHeaders(quota));
  return { status, headers: all, body };
}
