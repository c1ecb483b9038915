import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ParserLimits, parserEvent, RequestParser } from './request-parser.ts';

const limits: ParserLimits = {
  maxHeaderBytes: 16_384,
  maxHeaders: 100,
  maxChunkExtensionBytes: 1024,
  maxTrailerBytes: 16_384,
};

const bytes = (text: string) => Buffer.from(text, 'latin1');
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('gives the events of a request one by one', () => {
  const parser = new RequestParser(limits);
  parser.push(bytes('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'));

  assert.equal(parser.next(), parserEvent.head);
  assert.equal(parser.head.target, '/a');
  assert.equal(parser.head.contentLength, 2);
  assert.equal(parser.next(), parserEvent.body);
  assert.equal(String(parser.body), 'hi');
  assert.equal(parser.next(), parserEvent.end);
  assert.equal(parser.trailers, undefined);
  assert.equal(parser.next(), parserEvent.more);
});

test('gives content as views of the chunk that was pushed', () => {
  const parser = new RequestParser(limits);
  const chunk = bytes('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
  parser.push(chunk);
  parser.next();

  parser.next();

  assert.equal(parser.body.buffer, chunk.buffer);
  assert.equal(parser.body.byteOffset, chunk.byteOffset + chunk.length - 2);
});

test('takes any Uint8Array', () => {
  const parser = new RequestParser(limits);
  const padded = new Uint8Array(bytes(`xx${get}x`));

  parser.push(padded.subarray(2, -1));

  assert.equal(parser.next(), parserEvent.head);
});

test('takes an empty chunk', () => {
  const parser = new RequestParser(limits);

  parser.push(bytes(''));

  assert.equal(parser.next(), parserEvent.more);
  assert.equal(parser.isIdle, true);
});

test('throws when it gets more before it has asked for it', () => {
  const parser = new RequestParser(limits);
  parser.push(bytes(get));

  assert.throws(() => parser.push(bytes(get)), /push only after it said more/);
});

test('says in which phase it is, and how much it has not read', () => {
  const parser = new RequestParser(limits);
  const phases: unknown[] = [];
  const note = () => phases.push([parser.isIdle, parser.isInHead, parser.isInBody, parser.available]);

  note();
  parser.push(bytes('POST / HTTP/1.1\r\nHo'));
  note();
  parser.next();
  note();
  parser.push(bytes('st: a\r\nContent-Length: 3\r\n\r\nab'));
  parser.next();
  note();
  parser.next();
  parser.next();
  note();
  parser.push(bytes('c'));
  parser.next();
  parser.next();
  note();

  assert.deepEqual(phases, [
    [true, false, false, 0],
    [false, false, false, 19],
    [false, true, false, 0],
    [false, false, true, 2],
    [false, false, true, 0],
    [true, false, false, 0],
  ]);
});

test('leaves the unread bytes to who takes the connection over', () => {
  const parser = new RequestParser(limits);
  parser.push(bytes('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x81\x00'));
  parser.next();

  const rest = parser.rest();

  assert.deepEqual([...rest], [0x81, 0]);
  assert.equal(parser.available, 0);
});

test('leaves the unread bytes also behind a head that came in pieces', () => {
  const parser = new RequestParser(limits);
  parser.push(bytes('GET / HTTP/1.1\r\nHost: a\r\nUpg'));
  parser.next();
  parser.push(bytes('rade: x\r\nConnection: upgrade\r\n\r\nab'));
  parser.next();

  assert.equal(String(parser.rest()), 'ab');
});

test('tells at the end of a connection whether a request was cut', () => {
  const finishAfter = (text: string) => {
    const parser = new RequestParser(limits);
    parser.push(bytes(text));
    while (parser.next() !== parserEvent.more);
    return parser.finish();
  };

  assert.equal(finishAfter(''), true);
  assert.equal(finishAfter(get), true);
  assert.equal(finishAfter(`${get}\r\n`), true);
  assert.equal(finishAfter(`${get}G`), false);
  assert.equal(finishAfter(`${get}\r`), false);
  assert.equal(finishAfter('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n'), false);
});

test('stays failed, and takes no more notice of what comes', () => {
  const parser = new RequestParser(limits);
  parser.push(bytes('\x16\x03'));

  assert.equal(parser.next(), parserEvent.failed);
  parser.push(bytes(get));
  assert.equal(parser.next(), parserEvent.failed);
  assert.equal(parser.failure.status, 400);
});

test('is as new after a reset', () => {
  for (const text of [
    '\x16',
    'GE',
    'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe',
    `${get}\r\n\r`,
  ]) {
    const parser = new RequestParser(limits);
    parser.push(bytes(text));
    for (let event = parser.next(); event !== parserEvent.more && event !== parserEvent.failed; ) event = parser.next();

    parser.reset();

    assert.equal(parser.isIdle, true);
    parser.push(bytes(`\r\n${get}`));
    assert.equal(parser.next(), parserEvent.head);
  }
});

test('keeps the heads of pipelined requests apart', () => {
  const parser = new RequestParser(limits);
  const heads: RequestParser['head'][] = [];
  parser.push(bytes(['1', '2', '3'].map((n) => `GET /${n} HTTP/1.1\r\nHost: a\r\nX-N: ${n}\r\n\r\n`).join('')));

  for (let event = parser.next(); event !== parserEvent.more; event = parser.next()) {
    if (event === parserEvent.head) heads.push(parser.head);
  }

  assert.deepEqual(
    heads.map((head) => `${head.target} ${head.header('x-n')}`),
    ['/1 1', '/2 2', '/3 3'],
  );
});

test('takes a head of the largest size byte by byte', () => {
  const parser = new RequestParser(limits);
  const start = 'GET / HTTP/1.1\r\nHost: a\r\nX: ';
  const text = `${start}${'x'.repeat(limits.maxHeaderBytes - start.length - 4)}\r\n\r\n`;
  let last: number = parserEvent.more;

  for (const byte of bytes(text)) {
    assert.equal(last, parserEvent.more);
    parser.push(Uint8Array.of(byte));
    last = parser.next();
  }

  assert.equal(last, parserEvent.head);
});

test('refuses limits out of range', () => {
  const ranges: readonly [Partial<ParserLimits>, RegExp][] = [
    [{ maxHeaderBytes: 0 }, /maxHeaderBytes is 0; it must be a whole number from 1 to 524287/],
    [{ maxHeaderBytes: 524_288 }, /maxHeaderBytes is 524288/],
    [{ maxHeaders: 1.5 }, /maxHeaders is 1.5/],
    [{ maxTargetBytes: Number.NaN }, /maxTargetBytes is NaN/],
    [{ maxChunkExtensionBytes: -1 }, /maxChunkExtensionBytes is -1; it must be a whole number from 0/],
    [{ maxTrailerBytes: 1 }, /maxTrailerBytes is 1; it must be a whole number from 2/],
  ];

  for (const [limit, message] of ranges) {
    assert.throws(() => new RequestParser({ ...limits, ...limit }), { name: 'RangeError', message });
  }
});
