import assert from 'node:assert/strict';
import { test } from 'node:test';
import { below, seeded } from '../codec/random-messages.fixture.ts';
import type { MuxStream } from './mux-stream.ts';
import { StreamTable } from './stream-table.ts';

const seed = Date.now() % 2 ** 31;
const stream = (id: number) => ({ id }) as MuxStream;

test(`holds what a Map holds, whatever comes and goes (seed ${seed})`, () => {
  const random = seeded(seed);
  const table = new StreamTable();
  const model = new Map<number, MuxStream>();
  let lastId = below(random, 1000);
  for (let step = 0; step < 50_000; step++) {
    // Waves, so that it fills, grows and empties; ids leave gaps, as those that are refused do.
    const most = 1 + Math.abs(Math.round(400 * Math.sin(step / 5000)));
    if (model.size < most && random() < 0.6) {
      lastId += random() < 0.9 ? 1 : 1 + below(random, 300);
      const added = stream(lastId);
      table.add(added);
      model.set(lastId, added);
    } else if (model.size > 0) {
      const ids = [...model.keys()];
      const id = random() < 0.7 ? ids[0]! : ids[below(random, ids.length)]!;
      table.delete(model.get(id)!);
      model.delete(id);
    }
    const asked = lastId - below(random, 500);
    assert.equal(table.get(asked), model.get(asked), `step ${step}`);
    assert.equal(table.size, model.size);
  }

  assert.deepEqual(new Set(table.values()), new Set(model.values()));
});

test('leaves alone what is not there', () => {
  const table = new StreamTable();
  const known = stream(7);
  table.add(known);

  table.delete(stream(7));
  table.delete(stream(8));

  assert.deepEqual([table.size, table.get(7)], [1, known]);
});
