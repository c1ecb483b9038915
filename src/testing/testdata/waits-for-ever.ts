import { test } from 'node:test';
import { chan } from '../../concurrency/channel/local-channel.ts';
import { background } from '../../concurrency/context/context-tree.ts';
import { failOnLeaks } from '../leaks.ts';

// Run by leaks.test.ts in a process of its own.
test('ends', (t) => {
  failOnLeaks(t);
  void chan(0, { name: 'of a test that has ended' }).recv(background());
});
test('waits for ever', async (t) => {
  failOnLeaks(t);
  await chan(0, { name: 'nobody sends' }).recv(background());
});
