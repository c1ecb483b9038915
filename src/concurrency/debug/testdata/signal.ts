import { chan } from '../../channel/local-channel.ts';
import { background } from '../../context/context-tree.ts';
import { go } from '../../group/go.ts';
import { sleep } from '../../time/wait.ts';

// Waits for a signal; once it is told to go on by stdin, it ends.
const jobs = chan<string>(4, { name: 'jobs' });
const worker = go(background(), async function worker() {
  void sleep(background().withTimeout(60_000), 1).catch(() => undefined);
  return await jobs.recv(background());
});
process.stdin.once('data', () => void jobs.send(background(), 'last'));
console.log('ready');
console.log(await worker);
process.stdin.destroy();
