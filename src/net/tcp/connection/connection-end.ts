import type { LinkedList } from '../../../concurrency/parking/linked-list.ts';
import type { Waiter } from '../../../concurrency/parking/park.ts';
import { StatusError } from '../../../errors/index.ts';
import { TcpErrors } from '../tcp-errors.ts';
import type { Overdue, WatchedTimes } from './connection-timeouts.ts';

/** Why a connection is closed whose time has run out. */
export function overdueError(overdue: Overdue, times: WatchedTimes): StatusError {
  switch (overdue) {
    case 'idle':
      return TcpErrors.IDLE_TIMEOUT(`the connection was idle for ${times.idleTimeoutMs} ms`);
    case 'read':
      return TcpErrors.READ_TIMEOUT(`a message was not completed within ${times.readTimeoutMs} ms`);
    case 'write':
      return TcpErrors.WRITE_TIMEOUT(`the peer took nothing for ${times.writeTimeoutMs} ms`);
    case 'linger':
      return TcpErrors.CONNECTION_CLOSED('this side has closed the connection');
  }
}

/** Lets all that wait throw `error`. */
export function failAll<T, P>(waiters: LinkedList<Waiter<T, P>>, error: StatusError): void {
  for (let waiter = waiters.head; waiter !== undefined; waiter = waiters.head) waiter.fail(again(error));
}

/** Each throw gets an error of its own, with the stack of the place that throws. */
export function again({ code, message, reason, domain, metadata, cause }: StatusError): StatusError {
  return new StatusError(code, message, { reason, domain, metadata, ...(cause !== undefined && { cause }) });
}
