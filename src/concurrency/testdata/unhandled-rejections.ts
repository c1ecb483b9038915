import type { TestContext } from 'node:test';

/** The errors that surface as unhandled rejections, from here to the end of the test, which they then do not fail. */
export function unhandledRejections(t: TestContext): unknown[] {
  const surfaced: unknown[] = [];
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (error) => surfaced.push(error));
  t.after(() => {
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener);
  });
  return surfaced;
}
