import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hottest, stackLines } from './cpu-profile.ts';

const place = (functionName: string, lineNumber: number, url = 'file:///srv/room.ts') => ({
  functionName,
  url,
  lineNumber,
  columnNumber: 4,
});

test('the hottest functions come first, with their share over all callers', () => {
  const profile = {
    nodes: [
      { callFrame: place('(root)', -1, ''), hitCount: 0 },
      { callFrame: place('inner', 11), hitCount: 50 },
      { callFrame: place('(garbage collector)', -1, ''), hitCount: 10 },
      { callFrame: place('', 3), hitCount: 20 },
      { callFrame: place('inner', 11), hitCount: 20 },
    ],
  };

  assert.deepEqual(hottest(profile, 2), [
    'inner (file:///srv/room.ts:12) 70 %',
    '<anonymous> (file:///srv/room.ts:4) 20 %',
  ]);
  assert.equal(hottest(profile)[2], '(garbage collector) 10 %');
});

test('a profile without samples has no hottest function', () => {
  assert.deepEqual(hottest({ nodes: [{ callFrame: place('(root)', -1, '') }] }), []);
});

test('frames read like those of an error', () => {
  assert.deepEqual(stackLines([place('inner', 11), place('', 3), place('run', 0, '')]), [
    '    at inner (file:///srv/room.ts:12:5)',
    '    at file:///srv/room.ts:4:5',
    '    at run (<anonymous>:1:5)',
  ]);
});
