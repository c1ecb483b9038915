import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parserEvent } from './message-parser.ts';
import { ResponseParser } from './response-parser.ts';

const limits = { maxHeaderBytes: 4096, maxHeaders: 100, maxChunkExtensionBytes: 64, maxTrailerBytes: 64 };

function parserOf(text: string): ResponseParser {
  const parser = new ResponseParser(limits);
  parser.push(Buffer.from(text, 'latin1'));
  return parser;
}

test('gives the events of a response one by one', () => {
  const parser = parserOf('HTTP/1.1 201 Created\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nhi');

  assert.equal(parser.next(), parserEvent.head);
  assert.equal(parser.head.status, 201);
  assert.equal(parser.head.reason, 'Created');
  assert.equal(parser.head.contentLength, 2);
  assert.equal(parser.head.keepAlive, true);
  assert.deepEqual(parser.head.fields.all('set-cookie'), ['a=1', 'b=2']);
  assert.equal(parser.next(), parserEvent.body);
  assert.equal(String(parser.body), 'hi');
  assert.equal(parser.next(), parserEvent.end);
  assert.equal(parser.next(), parserEvent.more);
});

test('leaves what follows a 101 to who takes the connection over', () => {
  const parser = parserOf('HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00');

  assert.equal(parser.next(), parserEvent.head);
  assert.equal(parser.head.upgrade, true);
  assert.deepEqual([...parser.rest()], [0x81, 0]);
});

test('leaves what follows a 200 to CONNECT to who takes the connection over', () => {
  const parser = parserOf('HTTP/1.1 200 OK\r\n\r\nHTTP');
  parser.expect('CONNECT');

  assert.equal(parser.next(), parserEvent.head);
  assert.equal(String(parser.rest()), 'HTTP');
});

test('gives an interim response before the answer, which is still that to HEAD', () => {
  const parser = parserOf('HTTP/1.1 103 \r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
  parser.expect('HEAD');

  assert.equal(parser.next(), parserEvent.head);
  assert.equal(parser.head.status, 103);
  assert.equal(parser.next(), parserEvent.end);
  assert.equal(parser.next(), parserEvent.head);
  assert.equal(parser.head.contentLength, 5);
  assert.equal(parser.next(), parserEvent.end);
  assert.equal(parser.isIdle, true);
});

test('takes the close for the end of content without a length', () => {
  const parser = parserOf('HTTP/1.1 200 OK\r\n\r\nhi');
  parser.next();
  assert.equal(parser.head.isEndless, true);
  assert.equal(parser.head.keepAlive, false);
  assert.equal(parser.next(), parserEvent.body);
  assert.equal(parser.next(), parserEvent.more);

  assert.equal(parser.finish(), true);

  assert.equal(parser.next(), parserEvent.end);
});

test('tells that the close has cut a response', () => {
  for (const text of ['HTTP/1.1 200', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh']) {
    const parser = parserOf(text);
    while (parser.next() !== parserEvent.more);

    assert.equal(parser.finish(), false);
  }
});
