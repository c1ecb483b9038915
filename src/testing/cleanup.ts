import type { TestContext } from 'node:test';

/** Of tests that have something to clean up. A test that is forgotten takes its own with it. */
const stacks = new WeakMap<TestContext, AsyncDisposableStack>();

/**
 * Calls `fn` when the test and its subtests are done, whether or not it passed, and waits for it: what was added last is
 * called first, as Go's `t.Cleanup` has it. `t.after` calls what was added first first, so that a folder is removed under
 * the database that was opened in it.
 *
 *     const folder = await mkdtemp(join(tmpdir(), 'test-'));
 *     cleanup(t, () => rm(folder, { recursive: true }));
 *     const sql = await openSql({ url: `sqlite:${folder}/test.sqlite` });
 *     cleanup(t, () => sql.close());                            // before the folder is removed
 *
 * All are called even if some fail; the test then fails with the failures. It stands among the hooks of `t.after` where its
 * first call stood.
 */
export function cleanup(t: TestContext, fn: () => unknown): void {
  let stack = stacks.get(t);
  if (stack === undefined) {
    const made = new AsyncDisposableStack();
    stacks.set(t, made);
    t.after(() => made.disposeAsync());
    stack = made;
  }
  stack.defer(async () => void (await fn()));
}
