import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { as } from '../../../../errors/index.ts';
import { type PartHead, parsePartHead } from './part-head.ts';

const disposition = (parameters: string) => `Content-Disposition: form-data${parameters}`;
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

describe('parsePartHead', () => {
  it('takes blanks around a value off, and those within it as they are', () => {
    // In time that grows with the square of their number this would take minutes.
    const blanks = ' \t'.repeat(100_000);
    const given = `image/png; a="${blanks}"`;

    const { contentType } = parsePartHead(
      `${disposition('; name=a; filename=b')}\r\ncontent-type:${blanks}${given}${blanks}`,
    );

    assert.equal(contentType, given);
  });

  const good: readonly [text: string, head: PartHead][] = [
    [disposition('; name="a"'), { name: 'a', filename: undefined, contentType: 'text/plain' }],
    [
      disposition('; name=a ; filename=b.txt'),
      { name: 'a', filename: 'b.txt', contentType: 'application/octet-stream' },
    ],
    [
      `content-type: image/png\r\nCONTENT-DISPOSITION:form-data; NAME="a b"; FileName=""`,
      { name: 'a b', filename: '', contentType: 'image/png' },
    ],
    [
      disposition(utf8('; name="é"; filename="名.txt"')),
      { name: 'é', filename: '名.txt', contentType: 'application/octet-stream' },
    ],
    [
      disposition('; name="a%22b\\"c%0D%0A%41"'),
      { name: 'a"b"c\r\n%41', filename: undefined, contentType: 'text/plain' },
    ],
    [
      disposition('; name="a"; filename="C:\\dir\\x.txt"'),
      { name: 'a', filename: 'x.txt', contentType: 'application/octet-stream' },
    ],
    [
      disposition('; name="a"; filename="../../etc/passwd"'),
      { name: 'a', filename: 'passwd', contentType: 'application/octet-stream' },
    ],
    [disposition('; name="a"; filename=".."'), { name: 'a', filename: '', contentType: 'application/octet-stream' }],
    [
      disposition('; name="a"; filename="x%0A.txt"'),
      { name: 'a', filename: 'x.txt', contentType: 'application/octet-stream' },
    ],
    [
      `${disposition('; name="a"')}\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit`,
      { name: 'a', filename: undefined, contentType: 'text/plain; charset=UTF-8' },
    ],
  ];
  for (const [text, head] of good)
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parsePartHead(text), head));

  const a = disposition('; name="a"');
  const bad: readonly [text: string, why: RegExp][] = [
    ['', /no Content-Disposition/],
    ['Content-Type: text/plain', /no Content-Disposition/],
    ['Content-Disposition: attachment; name="a"', /no Content-Disposition of form-data/],
    ['Content-Disposition: form-data', /no Content-Disposition of form-data/],
    [disposition('; filename="x"'), /has no name/],
    [disposition('; name="a"; name="b"'), /the parameter "name" twice/],
    [disposition('; name="a"; NAME=b'), /the parameter "name" twice/],
    [disposition(`; name="a"; filename*=utf-8''x`), /the parameter "filename\*"/],
    [disposition('; name="a'), /a broken parameter/],
    [disposition('; name="a" x'), /a broken parameter/],
    [disposition('; name=a b'), /a broken parameter/],
    [`${a}\r\n${a}`, /the header "content-disposition" twice/],
    [`${a}\r\nContent-Type: text/plain\r\ncontent-type: text/html`, /the header "content-type" twice/],
    [`${a}\r\n folded`, /a header that is none/],
    [`${a}\r\nX : y`, /a header that is none/],
    [`${a}\r\nX: \u0000`, /a header that is none/],
    [`${a}\nX: y`, /a header that is none/],
    [
      `${a}${'\r\nX-1: y'.repeat(1)}${Array.from({ length: 16 }, (_, i) => `\r\nY-${i}: z`).join('')}`,
      /more than 16 headers/,
    ],
    [`${a}\r\nContent-Transfer-Encoding: base64`, /a transfer encoding/],
    [`${a}\r\nContent-Type: text`, /a content type that is none/],
    [`${a}\r\nContent-Type: text/plain; charset=latin1`, /text that is not UTF-8/],
    [disposition('; name="\xff"'), /not valid UTF-8/],
  ];
  for (const [text, why] of bad) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(
        () => parsePartHead(text),
        (error) => as(error)?.code === 'invalid_argument' && why.test(String(error)),
      ));
  }
});
