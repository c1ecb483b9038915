import { test } from 'node:test';
import { chan } from '../../concurrency/channel/local-channel.ts';
import { background } from '../../concurrency/context/context-tree.ts';
import { go } from '../../concurrency/group/go.ts';
import { sleep } from '../../concurrency/time/wait.ts';
import { failOnLeaks } from '../leaks.ts';

// Run by leaks.test.ts in a process of its own: some of these are meant to fail.
failOnLeaks();

test('parked', () => {
  void chan(0, { name: 'forgotten' }).recv(background());
});
test('clean after a leak', () => {});
test('task', () => {
  void go(background(), async function wanderer() {
    await new Promise(() => {});
  });
});
test('timer', () => {
  background()
    .withTimeout(100)
    .onDone(() => {});
});
test('cleans up in a hook', async (t) => {
  const ctx = background().withCancel();
  t.after(() => ctx.cancel());
  go(ctx, (ctx) => sleep(ctx, 60_000));
});
test('wakes at its very end', async () => {
  const jobs = chan<number>();
  void go(background(), async () => {
    while ((await jobs.recv(background())) !== undefined);
  });
  jobs.close();
});
test('subtest', async (t) => {
  const jobs = chan<number>(0, { name: 'of the outer test' });
  const outer = jobs.recv(background());
  await t.test('clean inside', () => {});
  await t.test('leaks inside', () => {
    void chan(0, { name: 'of the inner test' }).recv(background());
  });
  jobs.close();
  await outer;
});
test('fails by itself', () => {
  void chan().recv(background());
  throw new Error('its own error');
});
