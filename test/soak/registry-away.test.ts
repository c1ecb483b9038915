import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../src/concurrency/index.ts';
import { Fleet } from '../faults/registry/away.ts';

const awayMs = Number(process.env.FLOTILLA_AWAY_MS ?? 60_000);

it(`${awayMs} ms without a registry fail no call, and an empty one that comes back knows the fleet again`, async () => {
  await using fleet = await Fleet.start(systemClock);
  let calls = 0;
  const callUntil = async (isOver: () => boolean | Promise<boolean>) => {
    for (; !(await isOver()); calls++) {
      await fleet.call();
      await sleep(10);
    }
  };
  const after = (ms: number) => {
    const end = Date.now() + ms;
    return () => Date.now() >= end;
  };
  await callUntil(after(2_000));

  await fleet.stopRegistry();
  await callUntil(after(awayMs));
  await fleet.startRegistry();
  await callUntil(async () => (await fleet.registered()) === 3);
  // Beyond the TTL after which it is believed to know all.
  await callUntil(after(20_000));

  assert.ok(
    fleet.seen.every((size) => size === 3),
    `sizes of the lists seen: ${fleet.seen.join()}`,
  );
  assert.ok(calls > 0);
});
