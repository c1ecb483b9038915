import { parserEvent, RequestParser } from '../../../src/net/http/engine/request-parser.ts';
import type { Observation, Observed, PlainLimits } from './plain-parser.ts';

/** What the parser of the server makes of the pieces, in the shape of the plain parser. */
export function observe(
  pieces: Iterable<Uint8Array>,
  limits: PlainLimits,
  parser = new RequestParser(limits),
): Observation {
  const messages: Observed[] = [];
  let message: Observed | undefined;
  for (const piece of pieces) {
    parser.push(piece);
    for (let event = parser.next(); event !== parserEvent.more; event = parser.next()) {
      if (event === parserEvent.failed) {
        if (message !== undefined) messages.push(message);
        return { messages, outcome: parser.failure.status };
      }
      if (event === parserEvent.head) message = observedHead(parser);
      else if (event === parserEvent.body) {
        if (parser.body.length === 0) throw new Error('an empty piece of content');
        message = { ...message!, body: message!.body + Buffer.from(parser.body).toString('latin1') };
      } else {
        messages.push({ ...message!, trailers: parser.trailers?.entries() ?? [], isComplete: true });
        message = undefined;
      }
    }
    if (parser.available !== 0) throw new Error('more, but there are bytes left');
  }
  if (message !== undefined) messages.push(message);
  if (parser.isIdle !== parser.finish() || parser.isIdle === (parser.isInHead || parser.isInBody)) {
    throw new Error('idle, or not?');
  }
  return { messages, outcome: parser.isInBody ? 'body' : parser.isInHead ? 'head' : 'idle' };
}

function observedHead({ head }: RequestParser): Observed {
  const { method, target, minor, host, keepAlive, upgrade, expectsContinue, hasUnknownExpectation } = head;
  const facts = [
    keepAlive && 'keep',
    upgrade && 'upgrade',
    expectsContinue ? 'continue' : hasUnknownExpectation && 'expect',
  ].filter((fact) => fact !== false);
  const fields = head.fields.entries();
  return {
    head: [method, target, `1.${minor}`, host, ...facts].join(' '),
    fields,
    body: '',
    trailers: [],
    isComplete: false,
  };
}

export function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** The bytes one by one. */
export function* singly(bytes: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}
