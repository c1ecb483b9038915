import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { type ResponseSchema, serialiser } from './serialiser.ts';
import type { JsonSchema } from './serialiser-shape.ts';

const room = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    size: { type: 'integer' },
    owner: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  },
  required: ['id'],
} as const;

/** Both ways of picking: with a generated function and without. */
function both(schema: ResponseSchema): (value: unknown) => string {
  const fast = serialiser(schema);
  const slow = serialiser(schema, { generate: false });
  return (value) => {
    const text = outcome(() => fast.stringify(value));
    assert.deepEqual(
      text,
      outcome(() => slow.stringify(value)),
    );
    if (text.error !== undefined) throw text.error;
    return text.value!;
  };
}

function outcome<T>(work: () => T): { readonly value?: T; readonly error?: Error } {
  try {
    return { value: work() };
  } catch (error) {
    return { error: error as Error };
  }
}

describe('serialiser', () => {
  const table: readonly [name: string, schema: ResponseSchema, value: unknown, text: string][] = [
    [
      'leaves out what has no name',
      room,
      { id: '1', password: 'x', owner: { name: 'Ada', salt: 1 } },
      '{"id":"1","owner":{"name":"Ada"}}',
    ],
    ['keeps the order of the schema', room, { size: 2, id: '1' }, '{"id":"1","size":2}'],
    ['leaves out what is undefined', room, { id: '1', size: undefined }, '{"id":"1"}'],
    [
      'escapes texts',
      { type: 'string' },
      '"\\\u0000\u2028\ud800é🎁</script>',
      '"\\"\\\\\\u0000\u2028\\ud800é🎁</script>"',
    ],
    ['takes a date for a text', { type: 'string', format: 'date-time' }, new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['asks toJSON', room, { toJSON: () => ({ id: '1', more: 2 }) }, '{"id":"1"}'],
    ['unwraps boxed values', { type: 'array', items: { type: 'string' } }, [Object('a')], '["a"]'],
    [
      'reads what a class gives',
      room,
      new (class {
        get id() {
          return '7';
        }
      })(),
      '{"id":"7"}',
    ],
    ['takes null for a type that may be null', { type: ['string', 'null'] }, null, 'null'],
    [
      "knows OpenAPI's nullable",
      { type: 'object', properties: { a: { type: 'string', nullable: true } } },
      { a: null },
      '{"a":null}',
    ],
    ['takes literals', { enum: ['a', 1, null] }, 1, '1'],
    ['takes many literals', { enum: [...'abcdefghijk'] }, 'k', '"k"'],
    [
      'takes any part as it is',
      { type: 'object', properties: { a: {} } },
      { a: { b: [undefined, Number.NaN] } },
      '{"a":{"b":[null,null]}}',
    ],
    [
      'takes records',
      { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'number' } },
      { b: 1, a: 'x', c: undefined },
      '{"a":"x","b":1}',
    ],
    [
      'takes additional properties that are wanted',
      { type: 'object', additionalProperties: true },
      { a: { b: 1 } },
      '{"a":{"b":1}}',
    ],
    [
      'takes tuples',
      { prefixItems: [{ type: 'string' }, room], items: false },
      ['a', { id: '1', x: 1 }, 'more'],
      '["a",{"id":"1"}]',
    ],
    [
      'takes open tuples',
      { items: [{ type: 'string' }], additionalItems: { type: 'number' } },
      ['a', 1, 2],
      '["a",1,2]',
    ],
    [
      'joins objects',
      { allOf: [room, { properties: { b: { type: 'boolean' } } }] },
      { id: '1', b: true, c: 1 },
      '{"id":"1","b":true}',
    ],
    ['follows references', { $ref: '#/$defs/room', $defs: { room } }, { id: '1', x: 1 }, '{"id":"1"}'],
    [
      'knows names that every object has',
      { type: 'object', properties: { constructor: { type: 'string' }, toString: { type: 'string' } } },
      { toString: 'x' },
      '{"toString":"x"}',
    ],
    [
      'orders names like numbers as JSON.stringify does',
      { type: 'object', properties: { b: { type: 'number' }, 1: { type: 'number' } } },
      { b: 1, 1: 2 },
      '{"1":2,"b":1}',
    ],
    [
      'quotes names',
      { type: 'object', properties: { 'a"]; throw 1; //': { type: 'number' }, '\u2028': { type: 'number' } } },
      { 'a"]; throw 1; //': 1, '\u2028': 2 },
      '{"a\\"]; throw 1; //":1,"\u2028":2}',
    ],
  ];
  for (const [name, schema, value, text] of table) it(name, () => assert.equal(both(schema)(value), text));

  it('follows a schema that contains itself', () => {
    const tree = {
      type: 'object',
      properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } },
    };

    const text = both(tree)({ name: 'a', x: 1, children: [{ name: 'b', x: 1, children: [] }] });

    assert.equal(text, '{"name":"a","children":[{"name":"b","children":[]}]}');
  });

  it('picks by the alternative that fits, so that no other leaks', () => {
    const write = both({
      oneOf: [
        {
          type: 'object',
          properties: { kind: { const: 'user' }, name: { type: 'string' } },
          required: ['kind', 'name'],
        },
        { type: 'object', properties: { kind: { const: 'bot' }, version: { type: 'integer' } }, required: ['kind'] },
      ],
    });

    assert.equal(write({ kind: 'user', name: 'Ada', secret: 1 }), '{"kind":"user","name":"Ada"}');
    assert.equal(write({ kind: 'bot', name: 'x' }), '{"kind":"bot"}');
    assert.throws(
      () => write({ kind: 'cat' }),
      /body fits none of the 2 shapes .* body\.kind is a string, which is none/,
    );
  });

  it('takes a schema of zod', () => {
    const write = both(
      z.object({ id: z.string(), tags: z.array(z.enum(['a', 'b'])).optional(), by: z.record(z.string(), z.number()) }),
    );

    assert.equal(write({ id: '1', tags: ['a'], by: { x: 1 }, secret: 2 }), '{"id":"1","tags":["a"],"by":{"x":1}}');
  });

  const misfits: readonly [schema: ResponseSchema, value: unknown, why: RegExp][] = [
    [room, { id: 7 }, /: body\.id is a number, not a string$/],
    [room, {}, /: body\.id is missing$/],
    [room, null, /: body is null, not an object$/],
    [room, [], /: body is an array, not an object$/],
    [room, { id: '1', size: 1.5 }, /body\.size is 1\.5, not an integer/],
    [room, { id: '1', size: '1' }, /body\.size is a string, not an integer/],
    [room, { id: '1', size: 1n }, /body\.size is a bigint/],
    [room, { id: '1', owner: null }, /body\.owner is null, not an object/],
    [room, { id: () => 1 }, /body\.id is a function, not a string/],
    [{ type: 'number' }, Number.NaN, /body is NaN, which JSON cannot say/],
    [{ type: 'string' }, new Date(Number.NaN), /body is null, not a string/],
    [{ type: 'array', items: { type: 'string' } }, ['a', 7], /body\.1 is a number, not a string/],
    [{ type: 'array', items: { type: 'string' } }, new Set(), /body is an object, not an array/],
    [{ prefixItems: [{ type: 'string' }] }, [], /body has 0 elements, not 1/],
    [{ enum: ['a'] }, 'hunter2', /body is a string, which is none/],
    [{ type: 'object', properties: { a: {} }, required: ['a'] }, { a: undefined }, /body\.a is missing/],
    [{}, undefined, /JSON cannot say it/],
  ];
  for (const [schema, value, why] of misfits) {
    it(`throws where ${why.source}`, () => {
      assert.throws(
        () => both(schema)(value),
        (error: Error) => error instanceof TypeError && why.test(error.message) && !error.message.includes('hunter2'),
      );
    });
  }

  const unusable: readonly [schema: JsonSchema, why: RegExp][] = [
    [{ type: 'object', patternProperties: {} }, /at #: patternProperties/],
    [{ type: 'object', properties: { a: { type: 'text' } } }, /at #\/properties\/a: the type "text" is unknown/],
    [{ $ref: 'https://example.org/schema' }, /leads out of the schema/],
    [{ $ref: '#/$defs/x' }, /leads nowhere/],
    [{ $ref: '#/$defs/x', $defs: { x: { $ref: '#/$defs/x' } } }, /refers to itself/],
    [{ $ref: '#' }, /refers to itself/],
    [{ allOf: [{ type: 'string' }] }, /allOf is supported for objects alone/],
    [{ enum: [{}] }, /a const or enum of objects/],
    [{ type: 'object', properties: JSON.parse('{"__proto__":{}}') }, /cannot be named __proto__/],
    [{ type: 'object', properties: { a: 7 } }, /at #\/properties\/a: it is not a schema/],
  ];
  for (const [schema, why] of unusable) {
    it(`refuses ${JSON.stringify(schema)}`, () => assert.throws(() => serialiser(schema), why));
  }

  it('refuses a validator that cannot tell its JSON Schema, or not of this type', () => {
    const other = { '~standard': { version: 1, vendor: 'other' } } as unknown as ResponseSchema;

    assert.throws(() => serialiser(other), /\(of other\) cannot tell its JSON Schema/);
    assert.throws(() => serialiser(z.object({ at: z.date() })), /Date cannot be represented/);
  });

  it('works where the process may not make code', () => {
    const program = `
      import { serialiser } from ${JSON.stringify(new URL('./serialiser.ts', import.meta.url).href)};
      console.log(serialiser(${JSON.stringify(room)}).stringify({ id: '1', secret: 2 }));`;

    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', program],
      { encoding: 'utf8' },
    );

    assert.equal(stdout, '{"id":"1"}\n', stderr);
  });

  it('writes what JSON.stringify writes of the parts that a schema names', () => {
    const leaf = fc.constantFrom<JsonSchema>(
      { type: 'string' },
      { type: 'number' },
      { type: 'integer' },
      { type: 'boolean' },
      { type: 'null' },
      {},
      { type: ['string', 'null'] },
      { enum: ['a', 1, null] },
    );
    const name = fc.constantFrom('a', 'b', '1', 'constructor', 'a b', '"');
    const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 3 },
        leaf,
        tie('schema').map((items) => ({ type: 'array', items })),
        fc
          .tuple(fc.dictionary(name, tie('schema'), { maxKeys: 4 }), fc.array(name, { maxLength: 2 }))
          .map(([properties, required]) => ({ type: 'object', properties, required })),
        tie('schema').map((additionalProperties) => ({ type: 'object', additionalProperties })),
        fc.tuple(tie('schema'), tie('schema')).map((anyOf) => ({ anyOf })),
      ),
    }));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('a', '"', '\ud800', 'é', '', 1, 1.5, -0, Number.NaN, true, null, undefined, new Date(0)),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(name, fc.constantFrom('secret', '__proto__')), tie('value'), { maxKeys: 5 }),
      ),
    }));

    let fitting = 0;
    fc.assert(
      fc.property(schema, value, (one, other) => {
        const expected = outcome(() => JSON.stringify(plainPick(one, other)));
        const written = outcome(() => both(one)(other));
        assert.equal(written.value, expected.error === undefined ? expected.value : undefined, JSON.stringify(one));
        if (written.value !== undefined) fitting++;
      }),
      { numRuns: 5000 },
    );
    assert.ok(fitting > 200, `only ${fitting} values fitted`);
  });
});

/** The oracle: reads the schema itself, without shapes. Throws for what does not fit. */
function plainPick(schema: JsonSchema, value: unknown): unknown {
  const own = value instanceof Date ? value.toJSON() : value;
  const fits = (is: boolean) => {
    if (!is) throw new TypeError('no');
    return own;
  };
  if (Array.isArray(schema.type)) return plainPick({ anyOf: schema.type.map((type) => ({ type })) }, own);
  if (Array.isArray(schema.enum)) return fits(schema.enum.includes(own));
  if (Array.isArray(schema.anyOf)) {
    for (const one of schema.anyOf) {
      const found = outcome(() => plainPick(one, own));
      if (found.error === undefined) return found.value;
    }
    return fits(false);
  }
  if (schema.type === undefined) return own;
  if (schema.type === 'null') return fits(own === null);
  if (schema.type === 'integer') return fits(Number.isInteger(own));
  if (schema.type === 'number') return fits(Number.isFinite(own));
  if (schema.type === 'array')
    return fits(Array.isArray(own)) && (own as unknown[]).map((item) => plainPick(schema.items as JsonSchema, item));
  if (schema.type !== 'object') return fits(typeof own === schema.type);
  fits(typeof own === 'object' && own !== null && !Array.isArray(own));
  const {
    properties = {},
    required = [],
    additionalProperties,
  } = schema as { properties?: Record<string, JsonSchema>; required?: string[]; additionalProperties?: JsonSchema };
  const entries = new Map(Object.entries(own as object).filter(([, part]) => part !== undefined));
  const picked = Object.create(null) as Record<string, unknown>;
  for (const [name, part] of Object.entries(properties)) {
    fits(entries.has(name) || !required.includes(name));
    if (entries.has(name)) picked[name] = plainPick(part, entries.get(name));
  }
  if (additionalProperties === undefined) return picked;
  for (const [name, part] of entries) if (!(name in picked)) picked[name] = plainPick(additionalProperties, part);
  return picked;
}
