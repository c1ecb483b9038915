import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assignColors, colorCount, hashColor, hueCount } from './service-color.ts';

const live = ['gateway', 'account', 'room', 'gift', 'rank'];

test('a service keeps its colour whatever order the services come in', () => {
  assert.deepEqual(assignColors(live), assignColors([...live].reverse()));
});

test('no two of up to seven services share a hue, no two of up to fourteen a colour', () => {
  const hues = (services: string[]) => new Set([...assignColors(services).values()].map((color) => color % hueCount));
  const many = Array.from({ length: colorCount }, (_, i) => `service-${i}`);

  assert.equal(hues(live).size, live.length);
  assert.equal(hues(many.slice(0, hueCount)).size, hueCount);
  assert.equal(new Set(assignColors(many).values()).size, colorCount);
});

test('beyond fourteen services colours repeat and stay in the palette', () => {
  const many = assignColors(Array.from({ length: 40 }, (_, i) => `s${i}`));

  for (const color of many.values()) assert.ok(color >= 0 && color < colorCount);
  assert.equal(many.size, 40);
});

test('a hash is one of the hues', () => {
  for (const name of ['', 'a', 'ünïcode', 'x'.repeat(1000)]) {
    assert.ok(Number.isInteger(hashColor(name)) && hashColor(name) >= 0 && hashColor(name) < hueCount);
  }
});
