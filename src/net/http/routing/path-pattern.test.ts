import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PathParams, parsePattern } from './path-pattern.ts';

describe('parsePattern', () => {
  it('reads static segments, parameters with and without suffix, and rest', () => {
    assert.deepEqual(parsePattern('/v1/:tenant/rooms/:id:close'), [
      { kind: 'static', text: 'v1' },
      { kind: 'param', name: 'tenant', suffix: '' },
      { kind: 'static', text: 'rooms' },
      { kind: 'param', name: 'id', suffix: ':close' },
    ]);
    assert.deepEqual(parsePattern('/rooms:batchGet/:name.json/*rest'), [
      { kind: 'static', text: 'rooms:batchGet' },
      { kind: 'param', name: 'name', suffix: '.json' },
      { kind: 'rest', name: 'rest' },
    ]);
    assert.deepEqual(parsePattern('/'), []);
  });

  const table: readonly [path: string, why: RegExp][] = [
    ['', /must start with "\/"/],
    ['rooms', /must start with "\/"/],
    ['//rooms', /empty segment/],
    ['/rooms/', /empty segment/],
    ['/:', /":" is not a parameter/],
    ['/:1st', /":1st" is not a parameter/],
    ['/:id/x/:id', /"id" stands twice/],
    ['/*', /not a rest parameter/],
    ['/:__proto__', /cannot be named __proto__/],
    ['/*__proto__', /cannot be named __proto__/],
    ['/*rest/more', /must be the last segment/],
    ['/:id:close?', /is not a parameter/],
    ['/r%6Foms', /write static text plain/],
    ['/a b', /a character that a path may not have/],
    ['/rooms?x=1', /a character that a path may not have/],
  ];
  for (const [path, why] of table) {
    it(`refuses "${path}"`, () => {
      assert.throws(
        () => parsePattern(path),
        (error: Error) => error instanceof TypeError && error.message.includes(`"${path}"`) && why.test(error.message),
      );
    });
  }

  it('has its parameters in the type', () => {
    const params: PathParams<'/v1/:tenant/rooms/:id:close/:file.json/*rest'> = {
      tenant: 'a',
      id: 'b',
      file: 'c',
      rest: 'd',
    };
    // @ts-expect-error the suffix is not part of the name
    const wrong: PathParams<'/:id:close'> = { 'id:close': 'x' };

    assert.deepEqual(Object.keys(params), ['tenant', 'id', 'file', 'rest']);
    assert.ok(wrong);
  });
});
