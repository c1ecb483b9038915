import {
  background,
  type Case,
  type Chan,
  type Context,
  chan,
  type RecvChan,
  recv,
  type SendChan,
  select,
} from 'flotilla/concurrency';
import { checkSum, inParallel, sumBelow, type Works } from './work.ts';

/** Every operation can be canceled: its Context is one that can end. */
const ctx: Context = background().withCancel();

/** Our channels, without an `await` where nothing has to be waited for, as their documentation advises for tight loops. */
export const channelWorks: Works = {
  buffered: (n) => oneWay(n, 128),
  'buffered-await': async (n) => {
    const ch = chan<number>(128);
    const sender = sendAwaiting(ch, n);
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + (await ch.recv(ctx))!) | 0;
    await sender;
    checkSum(sum, sumBelow(n));
  },
  'unbuffered-pingpong': (n) => pingPong(ctx, n),
  'pingpong-deadline': async (n) => {
    using request = ctx.withTimeout(60_000);
    await pingPong(request, n);
  },
  'unbuffered-one-way': (n) => oneWay(n, 0),
  'one-to-eight': async (n) => {
    const ch = chan<number>();
    const receivers = Array.from({ length: 8 }, () => sumOf(ch));
    await sendAll(ch, 0, n, 1);
    ch.close();
    let total = 0;
    for (const receiver of receivers) total = (total + (await receiver)) | 0;
    checkSum(total, sumBelow(n));
  },
  'eight-to-one': async (n) => {
    const ch = chan<number>();
    const senders = inParallel(8, (sender) => sendAll(ch, sender, n, 8));
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + (ch.tryRecv() ?? (await ch.recv(ctx))!)) | 0;
    await senders;
    checkSum(sum, sumBelow(n));
  },
  'select-4': (n) => selectFour(n, 128),
  'select-4-parked': (n) => selectFour(n, 0),
  'pipeline-5-channels': async (n) => {
    const first = chan<number>(128);
    let last = first;
    const stages = [sendAll(first, 0, n, 1).then(() => first.close())];
    for (let stage = 0; stage < 5; stage++) {
      const next = chan<number>(128);
      stages.push(addOne(last, next));
      last = next;
    }
    checkSum(await sumOf(last), sumBelow(n) + 5 * n);
    await Promise.all(stages);
  },
};

async function oneWay(n: number, capacity: number): Promise<void> {
  const ch = chan<number>(capacity);
  const sender = sendAll(ch, 0, n, 1);
  let sum = 0;
  for (let i = 0; i < n; i++) sum = (sum + (ch.tryRecv() ?? (await ch.recv(ctx))!)) | 0;
  await sender;
  checkSum(sum, sumBelow(n));
}

async function pingPong(ctx: Context, n: number): Promise<void> {
  const ping = chan<number>();
  const pong = chan<number>();
  const answering = answer(ctx, ping, pong, n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    if (!ping.trySend(i)) await ping.send(ctx, i);
    sum = (sum + (pong.tryRecv() ?? (await pong.recv(ctx))!)) | 0;
  }
  await answering;
  checkSum(sum, sumBelow(n) + n);
}

async function selectFour(n: number, capacity: number): Promise<void> {
  const chans = Array.from({ length: 4 }, () => chan<number>(capacity));
  const senders = inParallel(4, (sender) => sendAll(chans[sender]!, sender, n, 4));
  const [a, b, c, d] = chans as [Chan<number>, Chan<number>, Chan<number>, Chan<number>];
  const cases: Record<'a' | 'b' | 'c' | 'd', Case<number | undefined>> = {
    a: recv(a),
    b: recv(b),
    c: recv(c),
    d: recv(d),
  };
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const selected = select(ctx, cases);
    sum = (sum + (selected instanceof Promise ? await selected : selected).value!) | 0;
  }
  await senders;
  checkSum(sum, sumBelow(n));
}

/** Sends first, first + step, … below end. */
async function sendAll(ch: SendChan<number>, first: number, end: number, step: number): Promise<void> {
  for (let i = first; i < end; i += step) if (!ch.trySend(i)) await ch.send(ctx, i);
}

async function sendAwaiting(ch: SendChan<number>, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await ch.send(ctx, i);
}

async function sumOf(ch: RecvChan<number>): Promise<number> {
  let sum = 0;
  while (true) {
    const item = ch.tryRecv() ?? (await ch.recv(ctx));
    if (item === undefined) return sum;
    sum = (sum + item) | 0;
  }
}

async function answer(ctx: Context, ping: RecvChan<number>, pong: SendChan<number>, n: number): Promise<void> {
  for (let i = 0; i < n; i++) {
    const reply = 1 + (ping.tryRecv() ?? (await ping.recv(ctx))!);
    if (!pong.trySend(reply)) await pong.send(ctx, reply);
  }
}

async function addOne(from: RecvChan<number>, to: SendChan<number>): Promise<void> {
  while (true) {
    const item = from.tryRecv() ?? (await from.recv(ctx));
    if (item === undefined) return to.close();
    if (!to.trySend(item + 1)) await to.send(ctx, item + 1);
  }
}
