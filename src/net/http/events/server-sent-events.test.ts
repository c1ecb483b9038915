import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeEvent, type ServerSentEvent } from './server-sent-events.ts';

describe('encodeEvent', () => {
  const table: readonly [event: ServerSentEvent, wire: string][] = [
    [{ data: 'hello' }, 'data: hello\n\n'],
    [{ data: { a: 1 } }, 'data: {"a":1}\n\n'],
    [{ data: null }, 'data: null\n\n'],
    [{ data: '' }, 'data: \n\n'],
    [{ data: 'a\nb\r\nc\rd' }, 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
    [{ event: 'gift', id: '7', retryMs: 500, data: 'x' }, 'event: gift\nid: 7\nretry: 500\ndata: x\n\n'],
  ];
  for (const [event, wire] of table) {
    it(`writes ${JSON.stringify(event)}`, () => assert.equal(encodeEvent(event), wire));
  }

  const bad: readonly [event: ServerSentEvent, why: RegExp][] = [
    [{ event: 'a\ndata: forged', data: '' }, /the event of an event has a line break/],
    [{ id: 'a\rb', data: '' }, /the id/],
    [{ id: '\0', data: '' }, /the id/],
    [{ retryMs: -1, data: '' }, /retryMs -1/],
    [{ data: undefined }, /cannot be a undefined/],
  ];
  for (const [event, why] of bad) {
    it(`refuses ${JSON.stringify(event)}`, () => assert.throws(() => encodeEvent(event), why));
  }
});
