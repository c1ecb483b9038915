import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import { below, seeded } from './random-messages.fixture.ts';
import { compileShortText, compileUnitsText, maxShortLength, maxUnitsLength, shortKeys } from './short-text.ts';

const unitsText = compileUnitsText();
const shortText = compileShortText(unitsText);

/** What the platform reads; undefined for what is not UTF-8. */
const wanted = (bytes: Buffer) => (isUtf8(bytes) ? bytes.toString() : undefined);

test('each character is read as the platform reads it', () => {
  for (let point = 0; point <= 0x10ffff; point++) {
    if (point >= 0xd800 && point < 0xe000) continue;
    const text = String.fromCodePoint(point);
    const bytes = Buffer.from(text);

    if (shortText(bytes, 0, bytes.length) !== text) assert.fail(`U+${point.toString(16)}`);
  }
});

test('bytes at the borders of what is UTF-8 are read as the platform reads them, or not at all', () => {
  const borders = [
    0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xff,
  ];
  for (let first = 0x80; first <= 0xff; first++)
    for (const second of borders)
      for (const third of borders)
        for (const fourth of borders)
          for (let length = 1; length <= 4; length++) {
            const bytes = Buffer.from([first, second, third, fourth]).subarray(0, length);

            if (shortText(bytes, 0, length) !== wanted(bytes)) assert.fail(bytes.toString('hex'));
          }
});

const seed = Number(process.env.FLOTILLA_CODEC_SEED ?? Date.now() % 2 ** 31);

test(`texts of any length are read as the platform reads them (seed ${seed})`, () => {
  const random = seeded(seed);
  const characters = ['a', 'é', '中', '😀', 'z'];
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: below(random, 40) }, () => characters[below(random, characters.length)]).join('');
    const bytes = Buffer.from(`<${text}>`);
    if (random() < 0.3) bytes[below(random, bytes.length)] = below(random, 256);
    const end = Math.min(bytes.length - 1, 1 + maxUnitsLength);
    const part = bytes.subarray(1, end);

    const read = part.length === 0 ? '' : unitsText(bytes, 1, end);
    const short = part.length > maxShortLength ? wanted(part) : shortText(bytes, 1, end);

    assert.equal(read, wanted(part), bytes.toString('hex'));
    assert.equal(short, wanted(part), bytes.toString('hex'));
  }
});

test('a key that is kept is not taken for the bytes of its code units', () => {
  const read = shortKeys(shortText);
  for (let first = 0x80; first <= 0xff; first++)
    for (let second = 0x80; second <= 0xff; second++) {
      const text = String.fromCharCode(first, second, 0xe4);
      const bytes = Buffer.from(text);
      const units = Buffer.from(text, 'latin1');

      const keys = [read(bytes, 0, bytes.length), read(units, 0, units.length)];

      if (keys[0] !== text || keys[1] !== wanted(units)) assert.fail(units.toString('hex'));
    }
});
