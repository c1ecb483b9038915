import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AdmissionLevel, cohorts, levels } from './admission-level.ts';

/** One window: `perLevel` calls of each level arrive, and those that are admitted are taken while there is `room`. */
function run(level: AdmissionLevel, perLevel: number, room: number): number {
  let taken = 0;
  for (let call = 0; call < perLevel; call++)
    for (let at = 0; at < levels; at++)
      if (level.admits(at) && taken < room) {
        taken++;
        level.took();
      }
  return taken;
}

it('admits every level before there was a queue', () => {
  const level = new AdmissionLevel(() => 0.99);

  run(level, 2, 10);
  level.endWindow('room', 100);

  assert.equal(level.share, 1);
  assert.equal(level.isCutting, false);
});

it('admits the levels that fit into what was taken while there was a queue', () => {
  const level = new AdmissionLevel(() => 0.5);
  for (let window = 0; window < 3; window++) {
    run(level, 2, levels);
    level.endWindow('queued', 100);
  }

  // Half of what arrives can be done; as long as there is a queue, a little less than that is let in.
  assert.ok(level.share > 0.4 && level.share <= 0.55, `${level.share}`);
  assert.ok(level.admits(0));
  assert.ok(!level.admits(levels - 1));
  assert.ok(!level.admits(3 * cohorts));
});

it('admits more for as long as there is room', () => {
  const level = new AdmissionLevel(() => 0.5);
  for (let window = 0; window < 10; window++) {
    run(level, 2, levels);
    level.endWindow('queued', 100);
  }
  const before = level.share;

  for (let window = 0; window < 5; window++) {
    run(level, 2, levels);
    level.endWindow('room', 100);
  }

  assert.ok(level.share > before, `${level.share}, before ${before}`);
});

it('opens at once when what arrives fits', () => {
  const level = new AdmissionLevel(() => 0.5);
  for (let window = 0; window < 10; window++) {
    run(level, 10, levels);
    level.endWindow('queued', 100);
  }

  for (let window = 0; window < 8; window++) {
    for (let call = 0; call < 50; call++) if (level.admits(call)) level.took();
    level.endWindow('room', 100, 0.8);
  }

  assert.equal(level.share, 1);
  assert.equal(level.isCutting, false);
});

it('opens again where the queue began in a window in which nothing was taken', () => {
  const level = new AdmissionLevel(() => 0.99);
  level.endWindow('queued', 300);
  assert.equal(level.isCutting, true);

  let admitted = 0;
  for (let second = 0; second < 60; second++) {
    if (!level.isCutting || level.admits(cohorts)) {
      admitted++;
      level.took();
    }
    level.endWindow('room', 1_000, 0.99);
  }

  assert.ok(admitted > 50, `${admitted} of 60`);
  assert.equal(level.isCutting, false);
});
