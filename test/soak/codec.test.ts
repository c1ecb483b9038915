import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameBytesAndValues, sameReadings } from '../../src/rpc/codec/codec-rounds.fixture.ts';
import { seeded } from '../../src/rpc/codec/random-messages.fixture.ts';

/** They take about half an hour of one core. */
const messages = Number(process.env.FLOTILLA_CODEC_MESSAGES ?? 10_000_000);
const seed = Number(process.env.FLOTILLA_CODEC_SEED ?? Date.now() % 2 ** 31);
const atOnce = 500_000;

test(`${messages} random messages have the library's bytes and values, seed ${seed}`, () => {
  for (let done = 0; done < messages; done += atOnce) {
    console.log(`${done} of ${messages} messages, seed ${seed + done}`);
    sameBytesAndValues(seeded(seed + done), Math.min(atOnce, messages - done));
  }
});

test(`${messages / 5} damaged messages are read as the library reads them, or refused, seed ${seed}`, () => {
  for (let done = 0; done < messages / 5; done += atOnce) {
    const readings = sameReadings(seeded(seed + 1 + done), Math.min(atOnce, messages / 5 - done));

    console.log(`${done} of ${messages / 5} damaged messages, seed ${seed + 1 + done}`, readings);
    assert.ok(readings.read > 0 && readings.refused > 0 && readings.misplaced > 0);
  }
});
