import type { RequestHead } from '../../../src/net/http/engine/head.ts';
import { type MessageParser, parserEvent } from '../../../src/net/http/engine/message-parser.ts';
import { RequestParser } from '../../../src/net/http/engine/request-parser.ts';
import type { ResponseHead } from '../../../src/net/http/engine/response-head.ts';
import { ResponseParser } from '../../../src/net/http/engine/response-parser.ts';
import type { Observation, Observed, PlainLimits } from './plain-parser.ts';

/** What the request parser makes of the pieces, in the shape of the plain parser. */
export function observe(
  pieces: Iterable<Uint8Array>,
  limits: PlainLimits,
  parser: RequestParser = new RequestParser(limits),
): Observation {
  const watch = new Watch(parser, requestSummary);
  for (const piece of pieces) watch.push(piece);
  return watch.end(false);
}

/** The same of responses, all to requests with one method. `isClosed`: nothing follows the pieces. */
export function observeResponses(
  pieces: Iterable<Uint8Array>,
  limits: PlainLimits,
  method: string,
  isClosed: boolean,
): Observation {
  const parser = new ResponseParser(limits);
  parser.expect(method);
  const watch = new Watch(parser, responseSummary);
  for (const piece of pieces) watch.push(piece);
  return watch.end(isClosed);
}

class Watch<H extends RequestHead | ResponseHead> {
  readonly #parser: MessageParser<H>;
  readonly #summary: (head: H) => string;
  readonly #messages: Observed[] = [];
  #message: Observed | undefined;
  #status: number | undefined;

  constructor(parser: MessageParser<H>, summary: (head: H) => string) {
    this.#parser = parser;
    this.#summary = summary;
  }

  push(piece: Uint8Array): void {
    if (this.#status !== undefined) return;
    this.#parser.push(piece);
    this.#drain();
    if (this.#status === undefined && this.#parser.available !== 0) throw new Error('more, but there are bytes left');
  }

  end(isClosed: boolean): Observation {
    if (this.#status === undefined && isClosed && this.#parser.finish()) this.#drain();
    const messages = this.#message === undefined ? this.#messages : [...this.#messages, this.#message];
    return { messages, outcome: this.#status ?? this.#phase() };
  }

  #drain(): void {
    const parser = this.#parser;
    for (let event = parser.next(); event !== parserEvent.more; event = parser.next()) {
      if (event === parserEvent.failed) {
        if (parser.next() !== parserEvent.failed) throw new Error('it goes on after it failed');
        this.#status = parser.failure.status;
        return;
      }
      if (event === parserEvent.head) this.#begin(parser.head);
      else if (event === parserEvent.body) this.#take(parser.body);
      else this.#complete(parser.trailers?.entries() ?? []);
    }
  }

  #begin(head: H): void {
    const fields = head.fields.entries();
    this.#message = { head: this.#summary(head), fields, body: '', trailers: [], isComplete: false };
  }

  #take(body: Uint8Array): void {
    if (body.length === 0) throw new Error('an empty piece of content');
    this.#message = { ...this.#message!, body: this.#message!.body + Buffer.from(body).toString('latin1') };
  }

  #complete(trailers: readonly string[]): void {
    this.#messages.push({ ...this.#message!, trailers, isComplete: true });
    this.#message = undefined;
  }

  #phase(): 'idle' | 'head' | 'body' {
    const { isIdle, isInHead, isInBody } = this.#parser;
    if (Number(isIdle) + Number(isInHead) + Number(isInBody) !== 1) throw new Error('it is not in one phase');
    if (isInBody) return 'body';
    return isInHead ? 'head' : 'idle';
  }
}

function responseSummary({ minor, status, reason, keepAlive, upgrade }: ResponseHead): string {
  return [`1.${minor}`, status, reason, ...(keepAlive ? ['keep'] : []), ...(upgrade ? ['upgrade'] : [])].join(' ');
}

function requestSummary(head: RequestHead): string {
  const { method, target, minor, host, keepAlive, upgrade, expectsContinue, hasUnknownExpectation } = head;
  const facts = [
    keepAlive && 'keep',
    upgrade && 'upgrade',
    expectsContinue ? 'continue' : hasUnknownExpectation && 'expect',
  ];
  return [method, target, `1.${minor}`, host, ...facts.filter((fact) => fact !== false)].join(' ');
}

export function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** The bytes one by one. */
export function* singly(bytes: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}
