import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { as } from '../../../../errors/index.ts';
import { MultipartParser } from './parser.ts';

const limits = { maxParts: 5, maxPartHeaderBytes: 200 };
const field = 'Content-Disposition: form-data; name="a"';

/** What the parser makes of chunks: a line for each part, `name=content`. */
function parse(chunks: readonly Uint8Array[], boundary = 'b', options = limits): string[] {
  const parser = new MultipartParser(boundary, options);
  const parts: string[] = [];
  let content = '';
  let name = '';
  const take = () => {
    for (let event = parser.next(); event !== undefined; event = parser.next()) {
      if (event.kind === 'part') name = event.head.name;
      else if (event.kind === 'data') content += Buffer.from(event.bytes).toString('latin1');
      else if (event.kind === 'end') {
        parts.push(`${name}=${content}`);
        content = '';
      }
    }
  };
  for (const chunk of chunks) {
    parser.push(chunk);
    take();
  }
  assert.equal(parser.end().kind, 'done');
  return parts;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

describe('MultipartParser', () => {
  const good: readonly [name: string, body: string, parts: readonly string[]][] = [
    ['one part', `--b\r\n${field}\r\n\r\nx\r\n--b--\r\n`, ['a=x']],
    ['an empty part', `--b\r\n${field}\r\n\r\n\r\n--b--`, ['a=']],
    [
      'two parts',
      `--b\r\n${field}\r\n\r\nx\r\n--b\r\n${field}\r\nContent-Type: text/plain\r\n\r\ny\r\n--b--`,
      ['a=x', 'a=y'],
    ],
    [
      'what looks like a boundary',
      `--b\r\n${field}\r\n\r\n\r\n--a\r\n-\r\n--\r\r\n-b\r\n--b--`,
      ['a=\r\n--a\r\n-\r\n--\r\r\n-b'],
    ],
    ['a boundary that does not begin a line', `--b\r\n${field}\r\n\r\nx--b\n--b\r\n--b--`, ['a=x--b\n--b']],
    ['blanks after boundaries', `--b \t\r\n${field}\r\n\r\nx\r\n--b--  \r\n`, ['a=x']],
    ['an empty line first', `\r\n--b\r\n${field}\r\n\r\nx\r\n--b--`, ['a=x']],
    ['no parts', '--b--\r\n', []],
  ];
  for (const [name, body, parts] of good) {
    it(`reads ${name}, wherever it is cut`, () => {
      const bytes = latin1(body);

      assert.deepEqual(parse([bytes]), parts);
      assert.deepEqual(parse([...bytes].map((byte) => Uint8Array.of(byte))), parts);
      for (let at = 0; at <= bytes.length; at++) {
        assert.deepEqual(parse([bytes.subarray(0, at), bytes.subarray(at)]), parts, `cut at ${at}`);
      }
    });
  }

  const bad: readonly [name: string, body: string, why: RegExp][] = [
    ['nothing', '', /ends before its last boundary/],
    [
      'text before the first boundary',
      `preamble\r\n--b\r\n${field}\r\n\r\nx\r\n--b--`,
      /does not begin with its boundary/,
    ],
    ['another boundary', `--c\r\n${field}\r\n\r\nx\r\n--c--`, /does not begin with its boundary/],
    ['text after the last boundary', `--b\r\n${field}\r\n\r\nx\r\n--b--\r\n--b\r\n`, /goes on after its last boundary/],
    ['many blanks after the last boundary', `--b--${' '.repeat(65)}`, /goes on after its last boundary/],
    ['a body that ends in a part', `--b\r\n${field}\r\n\r\nx\r\n--b`, /ends before/],
    ['a body that ends in a head', `--b\r\n${field}\r\n`, /ends before/],
    ['a longer boundary within', `--b\r\n${field}\r\n\r\nx\r\n--bc\r\n--b--`, /begins like its boundary and goes on/],
    ['one dash after a boundary', `--b\r\n${field}\r\n\r\nx\r\n--b-\r\n`, /begins like its boundary/],
    ['a bare LF after a boundary', `--b\n${field}\r\n\r\nx\r\n--b--`, /begins like its boundary/],
    ['a bare CR after a boundary', `--b\rx${field}\r\n\r\nx\r\n--b--`, /begins like its boundary/],
    ['endless blanks after a boundary', `--b${' '.repeat(65)}`, /too many blanks/],
    ['a part without headers', '--b\r\n\r\nx\r\n--b--', /no Content-Disposition/],
    ['a part without an empty line', `--b\r\n${field}\r\n\r\n--b--`, /no empty line between/],
    ['a head that ends with a boundary', `--b\r\n${field}\r\n--b--\r\n\r\n`, /a header that is none/],
    ['a bare LF between headers', `--b\r\n${field}\nX: y\r\n\r\nx\r\n--b--`, /a header that is none/],
    ['too many parts', `${`--b\r\n${field}\r\n\r\nx\r\n`.repeat(6)}--b--`, /more than 5 parts/],
    ['a head that is too long', `--b\r\n${field}\r\nX: ${'y'.repeat(200)}\r\n\r\nx\r\n--b--`, /longer than 200 bytes/],
    ['a head without end', `--b\r\nX: ${'y'.repeat(250)}`, /longer than 200 bytes/],
  ];
  for (const [name, body, why] of bad) {
    it(`refuses ${name}, wherever it is cut`, () => {
      const refuses = (chunks: readonly Uint8Array[]) =>
        assert.throws(
          () => parse(chunks),
          (error) => ['MALFORMED_FORM', 'BODY_TOO_LARGE'].includes(as(error)?.reason ?? '') && why.test(String(error)),
        );

      refuses([latin1(body)]);
      refuses([...latin1(body)].map((byte) => Uint8Array.of(byte)));
    });
  }

  it('gives content as it comes, and keeps only what may begin a boundary', () => {
    const parser = new MultipartParser('bound', limits);
    parser.push(latin1(`--bound\r\n${field}\r\n\r\n`));
    assert.equal(parser.next()?.kind, 'part');

    parser.push(latin1('some text\r\n--bou'));
    const first = parser.next();
    const nothing = parser.next();
    parser.push(latin1('t\r\n--bound--'));
    const second = parser.next();

    assert.ok(first?.kind === 'data' && second?.kind === 'data');
    assert.equal(Buffer.from(first.bytes).toString(), 'some text');
    assert.equal(nothing, undefined);
    assert.equal(Buffer.from(second.bytes).toString(), '\r\n--bout');
    assert.equal(parser.next()?.kind, 'end');
  });

  it('reads back any content, however it is cut', () => {
    const piece = fc.constantFrom('\r', '\n', '-', '--', 'b', '\r\n', '\r\n--', '\r\n-', 'x', '\u0000', 'ÿ', 'bb-b');
    const content = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        fc.array(content, { maxLength: 4 }),
        fc.constantFrom('bb-b', 'bbb', '-b', 'b'),
        fc.array(fc.nat(8), { minLength: 1, maxLength: 30 }),
        (contents, boundary, sizes) => {
          fc.pre(contents.every((one) => !`\r\n${one}`.includes(`\r\n--${boundary}`)));
          const body = latin1(
            `${contents.map((one) => `--${boundary}\r\n${field}\r\n\r\n${one}\r\n`).join('')}--${boundary}--`,
          );
          const chunks: Uint8Array[] = [];
          for (let at = 0, i = 0; at < body.length; i++) {
            const size = sizes[i % sizes.length]! + 1;
            chunks.push(body.subarray(at, at + size));
            at += size;
          }

          assert.deepEqual(
            parse(chunks, boundary),
            contents.map((one) => `a=${one}`),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is not harmed by random changes', () => {
    const base = latin1(`--b\r\n${field}\r\n\r\nsome text\r\n--b\r\n${field}; filename="x"\r\n\r\n\r\n--b--\r\n`);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(20),
        (changes, size) => {
          const body = Buffer.from(base);
          for (const [at, byte] of changes) body[at] = byte;
          const chunks = Array.from({ length: Math.ceil(body.length / (size + 1)) }, (_, i) =>
            body.subarray(i * (size + 1), (i + 1) * (size + 1)),
          );

          const outcome = (pieces: readonly Uint8Array[]) => {
            try {
              return parse(pieces);
            } catch (error) {
              assert.match(as(error)?.reason ?? String(error), /^(MALFORMED_FORM|BODY_TOO_LARGE|INVALID_UTF8)$/);
              return 'refused';
            }
          };

          assert.deepEqual(outcome(chunks), outcome([body]));
        },
      ),
      { numRuns: 5000 },
    );
  });
});
