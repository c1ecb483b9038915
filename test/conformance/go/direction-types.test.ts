import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  background,
  type Chan,
  chan,
  otherwise,
  type RecvChan,
  recv,
  type SendChan,
  select,
  send,
} from 'flotilla/concurrency';

/** Never called: what it shows is that it compiles, and that each marked line would not without its mark. */
export async function whatCompiles(): Promise<void> {
  const ctx = background();
  let both = chan<number>();
  let sending: SendChan<number> = both;
  let receiving: RecvChan<number> = both;
  const number = 1;

  // @ts-expect-error the receiving side cannot become the whole
  both = receiving;
  // @ts-expect-error nor can the sending side
  both = sending;
  // @ts-expect-error one side is not the other
  receiving = sending;
  // @ts-expect-error one side is not the other
  sending = receiving;

  // @ts-expect-error a number is no channel
  await number.recv(ctx);
  // @ts-expect-error a number is no channel
  await number.send(ctx, 2);
  // @ts-expect-error a number is no channel
  number.close();

  await both.send(ctx, 0);
  await both.recv(ctx);
  await sending.send(ctx, 0);
  await receiving.recv(ctx);
  // @ts-expect-error it only receives
  await receiving.send(ctx, 0);
  // @ts-expect-error it only receives
  receiving.trySend(0);
  // @ts-expect-error it only sends
  await sending.recv(ctx);
  // @ts-expect-error it only sends
  sending.tryRecv();

  await select(ctx, { a: send(both, 0), b: recv(both), c: recv(receiving), d: send(sending, 0) });
  // @ts-expect-error it only receives
  send(receiving, 0);
  // @ts-expect-error it only sends
  recv(sending);

  for await (const value of receiving) value.toFixed();
  // @ts-expect-error it only sends
  for await (const value of sending) number.toFixed(value);

  both.close();
  sending.close();
  // @ts-expect-error whoever receives does not close
  receiving.close();

  // @ts-expect-error a channel of numbers carries numbers
  both.trySend('1');
  // @ts-expect-error undefined is the end of a channel, not a value
  chan<number | undefined>();
  // @ts-expect-error which channel carries what is kept by select
  const text: string | undefined = (await select(ctx, { value: recv(receiving) })).value;
  number.toFixed(text?.length);

  const wide: SendChan<1 | 2> = chan<number>();
  const narrow: RecvChan<number | string> = chan<number>();
  wide.trySend(1);
  narrow.tryRecv();
  // @ts-expect-error who may send strings must not send them to a channel of numbers
  const wrong: SendChan<number | string> = sending;
  wrong.close();
  // @ts-expect-error nor if they are given the whole channel as its sending side
  const wrongSide: SendChan<number | string> = both;
  wrongSide.close();
  // @ts-expect-error or as a channel of both
  const wrongWhole: Chan<number | string> = both;
  wrongWhole.close();
}

// Go: test/chan/perm.go (the rest of it is checked by the compiler, above)
test('the two sides of a channel are the channel itself', async () => {
  const both = chan<number>(1);
  const sending: SendChan<number> = both;
  const receiving: RecvChan<number> = both;

  assert.ok(sending.trySend(3));
  assert.deepEqual(select(background(), { value: recv(receiving), otherwise }), { case: 'value', value: 3 });
  sending.close();

  assert.ok(receiving.isClosed);
});
