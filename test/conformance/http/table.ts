import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { latin1, observe, observeResponses, singly } from './observe.ts';
import { type Observation, type Observed, type PlainLimits, plainParse } from './plain-parser.ts';
import { plainResponses } from './plain-responses.ts';

/**
 * A title, bytes (one character each), the messages that they are (see {@link shown}), and what follows these: nothing, a
 * part of a head or of a body, or a refusal with a status.
 */
export type Case = readonly [title: string, text: string, messages: readonly string[], outcome: Observation['outcome']];

export const limits: PlainLimits = {
  maxHeaderBytes: 400,
  maxHeaders: 10,
  maxTargetBytes: 200,
  maxChunkExtensionBytes: 100,
  maxTrailerBytes: 60,
};

/** Lines with CRLF behind each, and an empty one. */
export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Tests each case whole, byte by byte, cut in two at every place, and with the plain parser. */
export function requestTable(group: string, cases: readonly Case[], within: PlainLimits = limits): void {
  describe(group, () => {
    for (const [title, text, messages, outcome] of cases) {
      test(title, () => {
        const expected = { messages, outcome };
        const bytes = latin1(text);

        assert.deepEqual(shown(observe([bytes], within)), expected);
        assert.deepEqual(shown(plainParse(text, within)), expected, 'the plain parser');
        checkCuts(bytes, (pieces) => observe(pieces, within));
      });
    }
  });
}

/** The same for responses to requests with one method. `isClosed`: nothing follows the bytes. */
export function responseTable(group: string, cases: readonly Case[], method = 'GET', isClosed = false): void {
  describe(group, () => {
    for (const [title, text, messages, outcome] of cases) {
      test(title, () => {
        const expected = { messages, outcome };
        const bytes = latin1(text);

        assert.deepEqual(shown(observeResponses([bytes], limits, method, isClosed)), expected);
        assert.deepEqual(shown(plainResponses(text, limits, method, isClosed)), expected, 'the plain parser');
        checkCuts(bytes, (pieces) => observeResponses(pieces, limits, method, isClosed));
      });
    }
  });
}

function checkCuts(bytes: Uint8Array, parse: (pieces: Iterable<Uint8Array>) => Observation): void {
  const whole = parse([bytes]);
  assert.deepEqual(parse(singly(bytes)), whole, 'byte by byte');
  for (let at = 1; at < bytes.length; at++) {
    assert.deepEqual(parse([bytes.subarray(0, at), bytes.subarray(at)]), whole, `cut before byte ${at}`);
  }
}

/** The head, then, where there are some, `<content>`, `{trailers}`, and `…` for what is not complete. */
function shown({ messages, outcome }: Observation): { messages: readonly string[]; outcome: unknown } {
  return { messages: messages.map(shownMessage), outcome };
}

function shownMessage({ head, body, trailers, isComplete }: Observed): string {
  const parts = [head, body && `<${body}>`, trailers.length > 0 && `{${trailers.join('|')}}`, !isComplete && '…'];
  return parts.filter(Boolean).join(' ');
}
