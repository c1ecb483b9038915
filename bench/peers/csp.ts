import { type Channel, channel, select } from '@thi.ng/csp';
import { checkSum, inParallel, sumBelow, type Works } from '../concurrency/work.ts';

/**
 * `offer` and `poll` come before the calls that return a promise, as in our own rows. A channel has at least one place,
 * so the rows of unbuffered channels await every `write`, which resolves when its value is read.
 */
export const cspWorks: Works = {
  buffered: async (n) => {
    const ch = channel<number>(128);
    const sender = sendOffering(ch, n);
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + (ch.poll() ?? (await ch.read())!)) | 0;
    await sender;
    checkSum(sum, sumBelow(n));
  },
  'unbuffered-pingpong': async (n) => {
    const ping = channel<number>();
    const pong = channel<number>();
    const answering = (async () => {
      for (let i = 0; i < n; i++) await pong.write(1 + (await ping.read())!);
    })();
    let sum = 0;
    for (let i = 0; i < n; i++) {
      await ping.write(i);
      sum = (sum + (await pong.read())!) | 0;
    }
    await answering;
    checkSum(sum, sumBelow(n) + n);
  },
  'unbuffered-one-way': async (n) => {
    const ch = channel<number>();
    const sender = send(ch, 0, n, 1);
    checkSum(await sumOf(ch, n), sumBelow(n));
    await sender;
  },
  'one-to-eight': async (n) => {
    const ch = channel<number>();
    const sender = send(ch, 0, n, 1);
    let total = 0;
    await inParallel(8, async () => {
      const sum = await sumOf(ch, n / 8);
      total = (total + sum) | 0;
    });
    await sender;
    checkSum(total, sumBelow(n));
  },
  'eight-to-one': async (n) => {
    const ch = channel<number>();
    const senders = inParallel(8, (sender) => send(ch, sender, n, 8));
    checkSum(await sumOf(ch, n), sumBelow(n));
    await senders;
  },
  'select-4': (n) => selectFour(n, 128),
  'select-4-parked': (n) => selectFour(n, 1),
  'pipeline-5-channels': async (n) => {
    const first = channel<number>(128);
    let last = first;
    const stages = [sendOffering(first, n)];
    for (let stage = 0; stage < 5; stage++) {
      const from = last;
      const to = channel<number>(128);
      stages.push(addOne(from, to, n));
      last = to;
    }
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + (last.poll() ?? (await last.read())!)) | 0;
    await Promise.all(stages);
    checkSum(sum, sumBelow(n) + 5 * n);
  },
};

async function selectFour(n: number, capacity: number): Promise<void> {
  const [a, b, c, d] = [0, 1, 2, 3].map(() => channel<number>(capacity)) as [Numbers, Numbers, Numbers, Numbers];
  const chans = [a, b, c, d];
  const senders = inParallel(4, (sender) => send(chans[sender]!, sender, n, 4));
  let sum = 0;
  for (let i = 0; i < n; i++) sum = (sum + (await select(a, b, c, d))[0]!) | 0;
  await senders;
  checkSum(sum, sumBelow(n));
}

type Numbers = Channel<number>;

async function send(ch: Numbers, first: number, end: number, step: number): Promise<void> {
  for (let i = first; i < end; i += step) await ch.write(i);
}

async function sendOffering(ch: Numbers, n: number): Promise<void> {
  for (let i = 0; i < n; i++) if (!ch.offer(i)) await ch.write(i);
}

async function sumOf(ch: Numbers, count: number): Promise<number> {
  let sum = 0;
  for (let i = 0; i < count; i++) sum = (sum + (await ch.read())!) | 0;
  return sum;
}

async function addOne(from: Numbers, to: Numbers, n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    const item = 1 + (from.poll() ?? (await from.read())!);
    if (!to.offer(item)) await to.write(item);
  }
}
