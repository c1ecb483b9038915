import assert from 'node:assert/strict';
import { isStatusError, type StatusError } from '../../../errors/index.ts';

/** The StatusError that a call fails with. */
export async function failure(promise: Promise<unknown>): Promise<StatusError> {
  const error = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isStatusError(error), String(error));
  return error;
}
