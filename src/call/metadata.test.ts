import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setOwner } from '../concurrency/context/owner.ts';
import { background } from '../concurrency/index.ts';
import { type MetadataOwner, metadataOf, setHeaders, setTrailers } from './call-metadata.ts';
import { fieldsOf, withFields } from './fields.ts';
import { type MetadataInit, metadataOfWire, metadataPairs } from './metadata.ts';
import { answerMetadata, withMetadata } from './outgoing-metadata.ts';

const given = (init: MetadataInit) => metadataOfWire(entries(metadataPairs(init)));

function entries(pairs: readonly string[]): [string, string][] {
  return pairs.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, pairs[at + 1]!]] : []));
}

describe('metadata', () => {
  test('have text and bytes by name, in any case', () => {
    const all = given({ 'X-Key': 'a, b', 'empty-bin': new Uint8Array(0), 'raw-BIN': Uint8Array.of(0, 255, 16) });

    assert.equal(all.get('x-KEY'), 'a, b');
    assert.deepEqual(all.bytes('Raw-Bin'), Uint8Array.of(0, 255, 16));
    assert.deepEqual(all.bytes('empty-bin'), new Uint8Array(0));
    assert.deepEqual([all.get('none'), all.bytes('none-bin'), all.size], [undefined, undefined, 3]);
  });

  test('have several values of one name', () => {
    const bytes = [Uint8Array.of(1), Uint8Array.of(2, 3)];
    const all = given({ many: ['a', 'b'], 'many-bin': bytes });

    assert.equal(all.get('many'), 'a, b');
    assert.deepEqual(all.allBytes('many-bin'), bytes);
  });

  test('read bytes that HTTP has joined, with padding or without, and skip what is not base64', () => {
    const all = metadataOfWire([['raw-bin', 'AQ==, AgM,AgME ,***, A']]);

    assert.deepEqual(all.allBytes('raw-bin'), [Uint8Array.of(1), Uint8Array.of(2, 3), Uint8Array.of(2, 3, 4)]);
  });

  test('tell text from bytes by the name', () => {
    const all = given({ a: 'x' });

    assert.throws(() => all.get('a-bin'), TypeError);
    assert.throws(() => all.bytes('a'), TypeError);
  });

  const refused: readonly [string, MetadataInit, RegExp][] = [
    ['a name with spaces', { 'a b': 'x' }, /letters, digits/],
    ['a name of a pseudo-header', { ':path': 'x' }, /letters, digits/],
    ['no name', { '': 'x' }, /letters, digits/],
    ['a name of gRPC', { 'grpc-status': '0' }, /belongs to the transport/],
    ['a name of a field', { 'flotilla-tenant': 'x' }, /belongs to the transport/],
    ['a name of HTTP', { 'Content-Length': '5' }, /belongs to the transport/],
    ['a line break', { a: 'x\r\nset-cookie: y' }, /printable ASCII/],
    ['another alphabet', { a: 'é' }, /printable ASCII/],
    ['spaces at an end', { a: 'x ' }, /printable ASCII/],
    ['text where bytes belong', { 'a-bin': 'x' }, /Uint8Array/],
    ['bytes where text belongs', { a: new Uint8Array(1) }, /printable ASCII/],
    ['too many values', { a: Array(65).fill('x') }, /65 values/],
    ['too many bytes', { a: 'x'.repeat(8_192) }, /8193 bytes/],
  ];
  for (const [what, init, message] of refused) {
    test(`cannot be sent with ${what}`, () => {
      assert.throws(() => withMetadata(background(), init), message);
    });
  }

  test('that came are without those of the transport, the fields, and control characters', () => {
    const all = metadataOfWire([
      ...[':path', 'Upper', 'host', 'grpc-timeout', 'connect-timeout-ms', 'traceparent', 'flotilla-lane', 'te'].map(
        (name): [string, string] => [name, 'x'],
      ),
      ['broken', 'a\u0000b'],
      ['mine', 'é'],
    ]);

    assert.deepEqual([...all], [['mine', 'é']]);
  });
});

describe('withMetadata', () => {
  test('adds to what there is and replaces values of the same name', () => {
    const ctx = withMetadata(withMetadata(background(), { a: ['1', '2'], b: '1' }), { A: '3' });

    assert.deepEqual(fieldsOf(ctx).outgoing?.pairs, ['b', '1', 'a', '3']);
  });

  test('keeps the fields, and fields keep it', () => {
    const ctx = withFields(withMetadata(withFields(background(), { tenant: 'acme' }), { a: '1' }), { lane: 'blue' });

    const { tenant, lane, outgoing } = fieldsOf(ctx);
    assert.deepEqual([tenant, lane, outgoing?.pairs], ['acme', 'blue', ['a', '1']]);
  });

  test('lets all who asked read the answer', () => {
    const [outer, inner] = [answerMetadata(), answerMetadata()];

    const ctx = withMetadata(withMetadata(withMetadata(background(), {}, outer), {}, inner), {}, outer);

    assert.deepEqual(fieldsOf(ctx).outgoing?.answers, [outer, inner]);
    const made = { headers: outer.headers, trailers: outer.trailers };
    assert.throws(() => withMetadata(ctx, {}, made), TypeError);
  });
});

describe('setHeaders and setTrailers', () => {
  test('do nothing outside of a call, and under a Context that somebody else made', () => {
    for (const ctx of [background(), background().withCancel()]) {
      assert.deepEqual([setHeaders(ctx, { a: '1' }), setTrailers(ctx, { a: '1' })], [false, false]);
      assert.equal(metadataOf(ctx).size, 0);
    }
  });

  test('reach the call from every Context below it, also from one that outlives it', () => {
    const owner: MetadataOwner = { metadata: undefined, hasBegun: false, isOver: false };
    const call = background().withCancel();
    setOwner(call, owner);

    assert.equal(setHeaders(call.withTimeout(10), { a: '1' }), true);
    assert.equal(setTrailers(call.withoutCancel().withCancel(), { a: '2' }), true);

    assert.deepEqual(
      [owner.metadata?.headers, owner.metadata?.trailers],
      [
        ['a', '1'],
        ['a', '2'],
      ],
    );
  });

  test('set nothing that has left', () => {
    const owner = { metadata: undefined, hasBegun: true, isOver: false };
    const call = background().withCancel();
    setOwner(call, owner);

    assert.deepEqual([setHeaders(call, { a: '1' }), setTrailers(call, { a: '1' })], [false, true]);
    owner.isOver = true;
    assert.equal(setTrailers(call, { a: '2' }), false);
  });
});
