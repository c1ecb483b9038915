import { Watch } from '../../../src/concurrency/context/context-watch.ts';

/** How many entries there are in all contexts together, from the first call on: waits, functions, and children with either. */
export function countListeners(): () => number {
  let count = 0;
  const { enter, leave } = Watch.prototype;
  Watch.prototype.enter = function (listener) {
    count++;
    enter.call(this, listener);
  };
  Watch.prototype.leave = function (listener) {
    count--;
    leave.call(this, listener);
  };
  return () => count;
}
