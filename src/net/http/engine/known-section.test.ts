import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parserEvent, RequestParser } from './request-parser.ts';

const limits = { maxHeaderBytes: 16_384, maxHeaders: 100, maxChunkExtensionBytes: 64, maxTrailerBytes: 64 };
const usual = 'Host: a.example\r\nAccept: */*\r\nConnection: close\r\n\r\n';

/** What becomes of a request with this first line and these fields. */
function outcome(parser: RequestParser, line: string, section: string): unknown {
  parser.reset();
  parser.push(Buffer.from(`${line}\r\n${section}`, 'latin1'));
  if (parser.next() === parserEvent.failed) return parser.failure;
  const { method, target, minor, host, keepAlive, upgrade, contentLength, fields } = parser.head;
  return [method, target, minor, host, keepAlive, upgrade, contentLength, fields.entries(), fields.header('accept')];
}

/** A parser that has seen the usual fields often enough to know them. */
function experienced(): RequestParser {
  const parser = new RequestParser(limits);
  for (let i = 0; i < 5; i++) outcome(parser, 'GET /known HTTP/1.1', usual);
  return parser;
}

test('gives the same fields object for the same bytes', () => {
  const parser = experienced();
  outcome(parser, 'GET /a HTTP/1.1', usual);
  const first = parser.head;

  outcome(parser, 'POST /b HTTP/1.1', usual);

  assert.equal(parser.head.fields, first.fields);
  assert.notEqual(parser.head, first);
  assert.deepEqual([first.method, first.target], ['GET', '/a']);
  assert.deepEqual([parser.head.method, parser.head.target], ['POST', '/b']);
});

test('sees every change of one byte', () => {
  for (let at = 0; at < usual.length; at++) {
    for (const char of ['x', ' ', '\r', '\n', ':', '\0', 'A']) {
      const changed = usual.slice(0, at) + char + usual.slice(at + 1);

      const expected = outcome(new RequestParser(limits), 'GET /a HTTP/1.1', changed);

      assert.deepEqual(outcome(experienced(), 'GET /a HTTP/1.1', changed), expected, JSON.stringify(changed));
    }
  }
});

test('checks known fields against every first line anew', () => {
  const lines = [
    'GET / HTTP/1.0',
    'GET http://a.example/ HTTP/1.1',
    'GET http://b.example/ HTTP/1.1',
    'CONNECT a.example:1 HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'GET * HTTP/1.1',
    'BREW / HTTP/1.1',
  ];
  const sections = [
    usual,
    'Accept: b\r\n\r\n',
    'Host: a\r\nTransfer-Encoding: chunked\r\n\r\n',
    'Host: a\r\nContent-Length: 0\r\n\r\n',
  ];

  for (const section of sections) {
    const parser = new RequestParser(limits);
    for (let i = 0; i < 5; i++) outcome(parser, 'GET / HTTP/1.1', section);
    for (let i = 0; i < 5; i++) outcome(parser, 'GET / HTTP/1.0', section);
    for (const line of lines) {
      const expected = outcome(new RequestParser(limits), line, section);

      assert.deepEqual(outcome(parser, line, section), expected, `${line} ${section}`);
    }
  }
});

test('holds known fields to the size of a head', () => {
  const small = { ...limits, maxHeaderBytes: 'GET / HTTP/1.1\r\n'.length + usual.length };
  const parser = new RequestParser(small);
  for (let i = 0; i < 5; i++) outcome(parser, 'GET / HTTP/1.1', usual);

  assert.deepEqual(outcome(parser, 'GET /a HTTP/1.1', usual), {
    status: 431,
    what: `the head is longer than ${small.maxHeaderBytes}`,
  });
});

test('awaits the rest of fields that begin as the known ones', () => {
  const parser = experienced();
  parser.reset();
  parser.push(Buffer.from(`GET / HTTP/1.1\r\n${usual.slice(0, -1)}`));

  assert.equal(parser.next(), parserEvent.more);
  parser.push(Buffer.from('\n'));
  assert.equal(parser.next(), parserEvent.head);
  assert.deepEqual(parser.head.header('connection'), 'close');
});

test('learns other fields when they change for good', () => {
  const parser = experienced();
  const other = usual.replace('close', 'other');
  for (let i = 0; i < 60; i++) outcome(parser, 'GET / HTTP/1.1', other);
  const first = parser.head.fields;

  outcome(parser, 'GET / HTTP/1.1', other);

  assert.equal(parser.head.fields, first);
});
