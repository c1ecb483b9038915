import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytes, empty, events, html, json, redirect, stream, text, upgrade } from './reply.ts';

async function* nothing() {}

describe('replies', () => {
  const table = [
    ['json', json({ a: 1 }), 200, ['content-type', 'application/json']],
    [
      'json with a type of its own',
      json(1, { status: 201, headers: { 'Content-Type': 'application/problem+json' } }),
      201,
      ['content-type', 'application/problem+json'],
    ],
    ['text', text('x'), 200, ['content-type', 'text/plain; charset=utf-8']],
    ['html', html('x'), 200, ['content-type', 'text/html; charset=utf-8']],
    ['bytes', bytes(new Uint8Array(1)), 200, ['content-type', 'application/octet-stream']],
    ['stream', stream(nothing()), 200, ['content-type', 'application/octet-stream']],
    [
      'events',
      events(nothing()),
      200,
      ['cache-control', 'no-store', 'x-accel-buffering', 'no', 'content-type', 'text/event-stream'],
    ],
    ['empty', empty(), 204, []],
    [
      'empty with a list',
      empty({ status: 304, headers: { ETag: '"1"', link: ['<a>', '<b>'] } }),
      304,
      ['etag', '"1"', 'link', '<a>', 'link', '<b>'],
    ],
    ['redirect', redirect('/login'), 303, ['location', '/login']],
  ] as const;
  for (const [name, reply, status, headers] of table) {
    it(`${name} has its status and headers`, () => {
      assert.equal(reply.status, status);
      assert.deepEqual(reply.headers, headers);
    });
  }

  it('adds one Set-Cookie per cookie', () => {
    const reply = json(1, {
      cookies: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
    });

    assert.deepEqual(
      reply.headers.filter((_, i) => reply.headers[i - 1] === 'set-cookie').map((header) => header.slice(0, 3)),
      ['a=1', 'b=2'],
    );
  });

  const bad: readonly [name: string, make: () => unknown, why: RegExp][] = [
    ['a status of 1xx', () => empty({ status: 101 }), /status 101/],
    ['a status that is no number', () => json(1, { status: Number.NaN }), /status NaN/],
    ['a header with a line break', () => redirect('/a\r\nset-cookie: x=1'), /"location" has a line break/],
    ['a header beyond Latin-1', () => text('', { headers: { 'x-name': '名' } }), /non-Latin-1/],
    ['a header name that is none', () => text('', { headers: { 'x name': '' } }), /"x name" is not a header name/],
    [
      'a header that frames the message',
      () => text('', { headers: { 'Transfer-Encoding': 'chunked' } }),
      /set by the server itself/,
    ],
    ['a protocol with a line break', () => upgrade('a\r\nx: y', async () => {}), /is not the name of a protocol/],
    ['a protocol without a name', () => upgrade('/1', async () => {}), /is not the name of a protocol/],
    ['two protocols', () => upgrade('a, b', async () => {}), /is not the name of a protocol/],
    ['a protocol with two versions', () => upgrade('a/1/2', async () => {}), /is not the name of a protocol/],
    ['a function as JSON', () => json(() => 1), /a function cannot be sent as JSON/],
    ['a body that is no text', () => text(7 as unknown as string), /a string or Uint8Array, not number/],
    ['a bigint as JSON', () => json(1n), /BigInt/],
  ];
  for (const [name, make, why] of bad)
    it(`refuse ${name}`, () =>
      assert.throws(make, (error: Error) => error instanceof TypeError && why.test(error.message)));
});
