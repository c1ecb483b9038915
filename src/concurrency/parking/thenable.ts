/**
 * Whether it is to be waited for, as `await` would: a promise, also one of another realm or a library's own kind, which
 * `instanceof Promise` would take for a result. Reading its `then` may throw.
 */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<T>>).then === 'function';
}
