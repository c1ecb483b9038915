import assert from 'node:assert/strict';
import { it } from 'node:test';
import { virtualClock } from '../../src/testing/index.ts';
import { Fleet } from './registry/away.ts';

const awayMs = 600_000;

it('ten minutes without a registry fail no call, and an empty one that comes back knows the fleet again', async () => {
  const clock = virtualClock();
  await using fleet = await Fleet.start(clock);
  const used = new Set<string>();
  let calls = 0;
  const callOn = async (ms: number) => {
    for (const end = clock.now() + ms; clock.now() < end; calls++) {
      used.add(await fleet.call());
      await clock.advance(1_000);
    }
  };
  await callOn(10_000);

  await fleet.stopRegistry();
  await callOn(awayMs);
  await fleet.startRegistry();
  // It is believed to know all when a TTL is over; what is in flight takes real time meanwhile.
  while ((await fleet.registered()) < 3) await callOn(1_000);
  await callOn(60_000);

  assert.ok(calls >= 670, `${calls} calls`);
  assert.equal(used.size, 3, [...used].join());
  assert.ok(
    fleet.seen.every((size) => size === 3),
    `sizes of the lists seen: ${fleet.seen.join()}`,
  );
  assert.equal(await fleet.registered(), 3);
});
