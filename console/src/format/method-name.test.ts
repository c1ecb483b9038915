import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortenMethods } from './method-name.ts';

test('methods lose their package and all else stays', () => {
  const cases: [string, string][] = [
    ['live.room.v1.RoomService/GetRoom', 'RoomService/GetRoom'],
    ['server live.gift.v1.GiftService/SendGift ok', 'server GiftService/SendGift ok'],
    ['RoomService/GetRoom', 'RoomService/GetRoom'],
    ['GET /v1/rooms/{id}/home', 'GET /v1/rooms/{id}/home'],
    ['read config.yaml and main.ts', 'read config.yaml and main.ts'],
    ['', ''],
  ];
  for (const [text, expected] of cases) assert.equal(shortenMethods(text), expected);
});
