import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { bytesOf, shapeWorks } from './rpc/codec-works.ts';
import { contenders } from './rpc/contenders.ts';
import { NoteSchema } from './rpc/gen/flotilla/bench/v1/echo_pb.ts';
import { note } from './rpc/note.ts';
import { PairProcess } from './rpc/pair-process.ts';
import { shapes } from './rpc/rows.ts';

test('the message that is sent has 100 bytes', () => {
  const message = create(NoteSchema, { ...note, id: BigInt(note.id) });

  assert.equal(toBinary(NoteSchema, message).length, 100);
});

const { ours, peers, skipped } = contenders({ buildsGo: false });

for (const [name, pairs] of Object.entries({ ours, ...peers }))
  for (const pair of pairs)
    test(`${name}: its client gets the right answers to each load (${pair.loads.join(', ')})`, async () => {
      const process = await PairProcess.start(pair, { server: [], client: [] }, 0);

      try {
        for (const load of pair.loads) {
          const measured = await process.measure(load, 0.01);

          assert.ok(measured[load]! > 0, load);
        }
      } finally {
        await process.stop();
      }
    });

for (const who of ['ours', ...('grpc-js' in peers ? ['protobufjs' as const] : [])] as const)
  test(`${who}: messages of every shape are encoded as by protobuf-es, and decoded`, async () => {
    const works = await shapeWorks(who);

    for (const shape of shapes) {
      const { encode, decode } = works[shape];

      assert.deepEqual(sorted(encode()), sorted(bytesOf(shape)), shape);
      assert.ok(typeof decode() === 'object', shape);
    }
  });

for (const [name, reason] of Object.entries(skipped)) test(name, { skip: reason }, () => {});

/** The order of a map's entries is open. */
function sorted(bytes: Uint8Array): number[] {
  return [...bytes].sort((a, b) => a - b);
}
