import { MessageParser, type ParserLimits } from './message-parser.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseScanner } from './response-scanner.ts';

/**
 * The responses on one connection. Every response, also one with 1xx, gives `head` and `end`; after the head of a 101, or of
 * a 2xx to CONNECT, `rest()` is what follows in the new protocol. Of `failure` only `what` is of use here.
 */
export class ResponseParser extends MessageParser<ResponseHead> {
  readonly #scanner: ResponseScanner;

  /** Throws a RangeError for a limit out of range; `maxTargetBytes` is not used. */
  constructor(limits: ParserLimits) {
    const scanner = new ResponseScanner(limits);
    super(limits, scanner, false);
    this.#scanner = scanner;
  }

  /** The method of the request that the next response answers: it decides whether there is content. Default: GET. */
  expect(method: string): void {
    this.#scanner.requestMethod = method;
  }
}
