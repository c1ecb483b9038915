import type { StatusError } from '../../errors/index.ts';

/**
 * How it is known that nothing of a call was done: `transport`, it was never sent or taken back unread; `server`, the
 * server refused it before any work, which cost it something all the same.
 */
export type UnsentBy = 'transport' | 'server';

/** Of this process only: no wire carries it, so that an error that is passed on does not vouch for work in between. */
const unsent = Symbol('flotilla.unsent');

/** Notes on a fresh error that nothing of its call was done. Returns it. */
export function markUnsent(error: StatusError, by: UnsentBy): StatusError {
  Object.defineProperty(error, unsent, { value: by, configurable: true });
  return error;
}

/** Whether a call can be repeated whatever its method does, because nothing of it was done; undefined: nobody knows. */
export function unsentBy(error: StatusError): UnsentBy | undefined {
  return (error as { [unsent]?: UnsentBy })[unsent];
}
