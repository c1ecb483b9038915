import type { StatusError } from '../../errors/index.ts';

/** Of this process only: no wire carries it, so that an error that is passed on does not vouch for work in between. */
const unsent = Symbol('flotilla.unsent');

/** Notes on a fresh error that nothing of its call was done: it was not sent, or refused before any work. Returns it. */
export function markUnsent(error: StatusError): StatusError {
  Object.defineProperty(error, unsent, { value: true });
  return error;
}

/** Whether the call can be repeated whatever its method does, because nothing of it was done. */
export function isUnsent(error: StatusError): boolean {
  return (error as { [unsent]?: unknown })[unsent] === true;
}
