import type { Context } from '../../concurrency/index.ts';
import { stepsOf } from '../../concurrency/steps/steps-of.ts';
import { FollowedSteps } from '../followed-steps.ts';
import type { Handler } from '../method.ts';

/**
 * Runs a call and tells once when it has ended, with its error if there is one: for a stream with its last message, its
 * failure or when its reader leaves, at the latest with its Context, since a stream may never be read.
 */
export async function runToEnd<I, O>(
  ctx: Context,
  input: I,
  next: Handler<I, O>,
  end: (error: unknown) => void,
): Promise<O> {
  let output: O;
  try {
    output = await next(ctx, input);
  } catch (error) {
    end(error);
    throw error;
  }
  if (isStream(output)) return new FollowedSteps(ctx, stepsOf(output), end) as O;
  end(undefined);
  return output;
}

/** Whether an answer lasts for as long as somebody reads it. */
export function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
