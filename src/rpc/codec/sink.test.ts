import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { BytesValueSchema } from '@bufbuild/protobuf/wkt';
import { CompiledCodecs } from './compiled-codec.ts';
import { Sink } from './sink.ts';

const bytesOf = (fill: number, size: number) => new Uint8Array(size).fill(fill);

test('what was cut off stays as it is, whatever is written next', () => {
  const sink = new Sink(64);
  const sizes = [1, 20, 40, 0, 63, 64, 65, 500, 3, 30, 31, 1000, 2];

  const messages = sizes.map((size, index) => {
    sink.raw(bytesOf(index, size), 0);
    return sink.cut();
  });

  assert.deepEqual(
    messages,
    sizes.map((size, index) => bytesOf(index, size)),
  );
});

test('small messages share a buffer; one that is larger has its own, which is not kept', () => {
  const codec = new CompiledCodecs().codec(BytesValueSchema);
  const encode = (size: number) => codec.encode(create(BytesValueSchema, { value: bytesOf(1, size) }));

  const [first, second, large, after] = [encode(10), encode(100), encode(100_000), encode(10)];

  assert.equal(second.buffer, first.buffer);
  assert.notEqual(large.buffer, first.buffer);
  assert.ok(large.buffer.byteLength <= 4 * large.length, `${large.buffer.byteLength}`);
  assert.ok(after.buffer.byteLength <= 16_384, `${after.buffer.byteLength}`);
});

test('a message that could not be encoded leaves nothing before the next', () => {
  const codec = new CompiledCodecs().codec(BytesValueSchema);
  const wrong = { ...create(BytesValueSchema), value: 'no bytes' } as never;
  const right = create(BytesValueSchema, { value: bytesOf(7, 3) });

  assert.throws(() => codec.encode(wrong), /invalid bytes/);

  assert.deepEqual(codec.encode(right), Uint8Array.of(10, 3, 7, 7, 7));
});

test('a sink that is reset begins at the end of its buffer again', () => {
  const sink = new Sink(64);
  sink.raw(bytesOf(1, 10), 0);
  sink.cut();
  sink.raw(bytesOf(2, 10), 0);

  sink.reset();

  assert.equal(sink.at, sink.bytes.length);
  assert.equal(sink.finish().length, 0);
});
