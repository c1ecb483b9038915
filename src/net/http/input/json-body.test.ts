import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as errors from '../../../errors/index.ts';
import { decodeUtf8, parseJson } from './json-body.ts';

describe('parseJson', () => {
  const bad: readonly [text: string, message: RegExp][] = [
    ['{', /^the body is not JSON: unexpected text at position 1/],
    ['[1', /^the body is not JSON: unexpected text at position 2/],
    ['"abc', /^the body is not JSON: it ends too early/],
    ['', /^the body is not JSON: it ends too early/],
    ['[1,]', /^the body is not JSON: unexpected token '\]'/],
    ['\ufeff{}', /^the body is not JSON: unexpected token '\ufeff'/],
    ['undefined', /^the body is not JSON: unexpected text/],
    ['{"a":{"__proto__":{"x":1}}}', /the key "__proto__"/],
    ['[{"\\u005f_proto__":1}]', /the key "__proto__"/],
    ['{"constructor":{"prototype":{"x":1}}}', /the key "constructor"/],
  ];
  for (const [text, message] of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseJson(text),
        (error) => {
          const status = errors.as(error);
          return status?.reason === 'MALFORMED_JSON' && message.test(status.message);
        },
      );
    });
  }

  it('does not repeat the body in its message', () => {
    assert.throws(
      () => parseJson('{"password":"hunter2",}'),
      (error) => !String(error).includes('hunter2'),
    );
  });

  it('keeps harmless data that only looks like an attack', () => {
    const text = '{"text":"__proto__","constructor":"bricks","\\u0041":[{"prototype":1}]}';

    assert.deepEqual(parseJson(text), { text: '__proto__', constructor: 'bricks', A: [{ prototype: 1 }] });
  });

  it('walks a deep body without running out of stack', () => {
    const depth = 100_000;

    assert.throws(() => parseJson(`${'['.repeat(depth)}{"__proto__":1}${']'.repeat(depth)}`), /the key "__proto__"/);
  });
});

describe('decodeUtf8', () => {
  it('refuses what is not UTF-8', () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x22, 0xc0, 0xaf, 0x22]]) {
      assert.throws(
        () => decodeUtf8(Uint8Array.from(bytes)),
        (error) => errors.as(error)?.reason === 'INVALID_UTF8',
      );
    }
    assert.equal(decodeUtf8(new TextEncoder().encode('café 🎁')), 'café 🎁');
  });
});
