import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assignColors, colorCount, hashColor } from './service-color.ts';

const live = ['gateway', 'account', 'room', 'gift', 'rank'];

test('a service keeps its colour whatever order the services come in', () => {
  assert.deepEqual(assignColors(live), assignColors([...live].reverse()));
});

test('no two of up to twelve services share a colour', () => {
  const twelve = Array.from({ length: colorCount }, (_, i) => `service-${i}`);
  for (const services of [live, twelve]) assert.equal(new Set(assignColors(services).values()).size, services.length);
});

test('beyond twelve services colours repeat and stay in the palette', () => {
  const many = assignColors(Array.from({ length: 40 }, (_, i) => `s${i}`));

  for (const color of many.values()) assert.ok(color >= 0 && color < colorCount);
  assert.equal(many.size, 40);
});

test('a hash is an index of the palette', () => {
  for (const name of ['', 'a', 'ünïcode', 'x'.repeat(1000)]) {
    assert.ok(Number.isInteger(hashColor(name)) && hashColor(name) >= 0 && hashColor(name) < colorCount);
  }
});
