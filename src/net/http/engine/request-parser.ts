import type { RequestHead } from './head.ts';
import { MessageParser, type ParserLimits } from './message-parser.ts';
import { RequestScanner } from './request-scanner.ts';

export { type ParseFailure, type ParserEvent, type ParserLimits, parserEvent } from './message-parser.ts';

/** The requests of one connection. An empty line before each is skipped (RFC 9112 section 2.2). */
export class RequestParser extends MessageParser<RequestHead> {
  /** Throws a RangeError for a limit out of range. */
  constructor(limits: ParserLimits) {
    super(limits, new RequestScanner(limits), true);
  }
}
