import assert from 'node:assert/strict';
import { test } from 'node:test';
import { previewOf } from './preview.ts';

test('a preview says what the message does not, briefly', () => {
  const attributes = {
    method: 'room/Get',
    code: 'ok',
    durationMs: 1.25,
    tenant: '',
    stack: 'x'.repeat(50),
    error: { code: 'internal' },
    side: 'server',
    n: 0,
  };

  assert.deepEqual(previewOf(attributes, 'server room/Get'), [
    ['code', 'ok'],
    ['durationMs', '1.25'],
    ['n', '0'],
  ]);
});

test('a preview begins with what went wrong', () => {
  const attributes = { code: 'not_found', 'exception.message': 'there is no room 7', 'exception.type': 'StatusError' };

  assert.deepEqual(previewOf(attributes, 'server room/Get not_found'), [['error', 'there is no room 7']]);
});

test('a preview has a limit', () => {
  assert.equal(previewOf({ a: 1, b: 2, c: 3 }, '', 2).length, 2);
});
