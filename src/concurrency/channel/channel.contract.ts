import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as errors from '../../errors/index.ts';
import { background } from '../context/context-tree.ts';
import { yieldNow } from '../parking/turns.ts';
import type { Chan, Item } from './channel.ts';

/** Makes a channel of `cap`. */
export type MakeChan = <T extends Item>(cap: number) => Chan<T>;

const ctx = background();

function isClosedError(error: unknown): boolean {
  return errors.as(error)?.reason === 'CHANNEL_CLOSED';
}

/** What every implementation of `Chan` does. The behaviours of Go's own tests stand in test/conformance/go. */
export function channelContract(name: string, make: MakeChan): void {
  suite(name, () => {
    for (const cap of [0, 1, 3, 100]) {
      test(`with ${cap} places: values arrive once and in order, then undefined`, async () => {
        const numbers = make<number>(cap);
        const received: number[] = [];
        const receiver = (async () => {
          for (let n = await numbers.recv(ctx); n !== undefined; n = await numbers.recv(ctx)) received.push(n);
        })();

        for (let n = 0; n < 300; n++) await numbers.send(ctx, n);
        numbers.close();
        await receiver;

        assert.deepEqual(
          received,
          Array.from({ length: 300 }, (_, n) => n),
        );
        assert.equal(await numbers.recv(ctx), undefined);
      });

      test(`with ${cap} places: try-forms take what there is room for and never wait`, () => {
        const numbers = make<number>(cap);

        for (let n = 0; n < cap; n++) assert.equal(numbers.trySend(n), true);
        assert.equal(numbers.trySend(-1), false);
        assert.deepEqual([numbers.len, numbers.cap], [cap, cap]);
        for (let n = 0; n < cap; n++) assert.equal(numbers.tryRecv(), n);
        assert.equal(numbers.tryRecv(), undefined);
        assert.equal(numbers.len, 0);
      });

      test(`with ${cap} places: senders that wait are served in the order in which they came`, async () => {
        const numbers = make<number>(cap);
        for (let n = 0; n < cap; n++) numbers.trySend(n);
        const done: number[] = [];
        const senders = [0, 1, 2].map((n) => Promise.resolve(numbers.send(ctx, cap + n)).then(() => done.push(n)));

        const received: (number | undefined)[] = [];
        for (let n = 0; n < cap + 3; n++) received.push(await numbers.recv(ctx));
        await Promise.all(senders);

        assert.deepEqual(
          received,
          Array.from({ length: cap + 3 }, (_, n) => n),
        );
        assert.deepEqual(done, [0, 1, 2]);
      });

      test(`with ${cap} places: receivers that wait are served in the order in which they came`, async () => {
        const numbers = make<number>(cap);
        const receivers = [0, 1, 2].map(() => numbers.recv(ctx));

        for (const n of [7, 8, 9]) assert.equal(numbers.trySend(n), true);

        assert.deepEqual(await Promise.all(receivers), [7, 8, 9]);
      });

      test(`with ${cap} places: close lets receivers that wait go on with undefined`, async () => {
        const numbers = make<number>(cap);
        const receivers = [numbers.recv(ctx), numbers.recv(ctx)];

        numbers.close();

        assert.deepEqual(await Promise.all(receivers), [undefined, undefined]);
        assert.equal(numbers.isClosed, true);
      });

      test(`with ${cap} places: close leaves what is in it, and fails senders that wait`, async () => {
        const numbers = make<number>(cap);
        for (let n = 0; n < cap; n++) numbers.trySend(n);
        const waiting = assert.rejects(Promise.resolve(numbers.send(ctx, -1)), isClosedError);

        numbers.close();
        await waiting;

        for (let n = 0; n < cap; n++) assert.equal(await numbers.recv(ctx), n);
        assert.equal(await numbers.recv(ctx), undefined);
        assert.equal(numbers.tryRecv(), undefined);
      });
    }

    test('sending on a closed channel and closing it again throw', () => {
      const numbers = make<number>(1);
      numbers.close();

      assert.throws(() => numbers.trySend(1), isClosedError);
      assert.throws(() => numbers.send(ctx, 1), isClosedError);
      assert.throws(() => numbers.close(), isClosedError);
    });

    test('null and false are values, undefined is refused', async () => {
      const values = make<null | boolean | number>(3);

      for (const value of [null, false, 0]) values.trySend(value);

      assert.deepEqual([await values.recv(ctx), await values.recv(ctx), await values.recv(ctx)], [null, false, 0]);
      assert.throws(() => values.trySend(undefined as never), /undefined cannot be sent/);
      assert.throws(() => values.send(ctx, undefined as never), /undefined cannot be sent/);
    });

    test('a ready operation gives no promise', () => {
      const numbers = make<number>(1);

      assert.equal(numbers.send(ctx, 1), undefined);
      assert.equal(numbers.recv(ctx), 1);
      numbers.close();
      assert.equal(numbers.recv(ctx), undefined);
    });

    test('a receiver whose context ends takes nothing', async () => {
      const numbers = make<number>(0);
      const leaving = ctx.withCancel();
      const gone = assert.rejects(Promise.resolve(numbers.recv(leaving)), (error) => errors.is(error, 'canceled'));
      const staying = numbers.recv(ctx);

      leaving.cancel();
      await gone;

      assert.equal(numbers.trySend(1), true, 'the one behind it waits');
      assert.equal(await staying, 1);
      assert.equal(numbers.trySend(2), false, 'nobody waits any more');
    });

    test('a sender whose context ends sends nothing', async () => {
      const numbers = make<number>(0);
      const leaving = ctx.withCancel();
      const gone = assert.rejects(Promise.resolve(numbers.send(leaving, 1)), (error) => errors.is(error, 'canceled'));
      const staying = numbers.send(ctx, 2);

      leaving.cancel('enough');
      await gone;

      assert.equal(await numbers.recv(ctx), 2);
      await staying;
      assert.equal(numbers.tryRecv(), undefined);
    });

    test('a canceled context is refused, and the operation not done, even where it could be', () => {
      const numbers = make<number>(2);
      numbers.trySend(1);
      const canceled = ctx.withCancel();
      canceled.cancel();

      assert.throws(
        () => numbers.send(canceled, 2),
        (error) => errors.is(error, 'canceled'),
      );
      assert.throws(
        () => numbers.recv(canceled),
        (error) => errors.is(error, 'canceled'),
      );
      assert.equal(numbers.len, 1);
    });

    test('a loop of ready operations ends when its deadline has passed', () => {
      const numbers = make<number>(1);
      const passed = ctx.withDeadline(0);

      assert.throws(
        () => {
          for (let n = 0; n < 1_000; n++) {
            numbers.send(passed, n);
            numbers.recv(passed);
          }
        },
        (error) => errors.is(error, 'deadline_exceeded'),
      );
    });

    test('for await gives every value, and leaving it leaves the channel as it is', async () => {
      const numbers = make<number>(5);
      for (const n of [1, 2, 3, 4]) numbers.trySend(n);

      const first: number[] = [];
      for await (const n of numbers) {
        first.push(n);
        if (n === 2) break;
      }
      numbers.trySend(5);
      numbers.close();
      const rest: number[] = [];
      for await (const n of numbers) rest.push(n);

      assert.deepEqual(
        [first, rest],
        [
          [1, 2],
          [3, 4, 5],
        ],
      );
    });

    test('the iterator of for await gives promises, for those who call it by hand', async () => {
      const numbers = make<number>(1);
      numbers.trySend(1);
      const iterator = numbers[Symbol.asyncIterator]();

      assert.deepEqual(await iterator.next().then((step) => step), { value: 1, done: false });
      numbers.close();
      assert.deepEqual(await iterator.next().then((step) => step), { value: undefined, done: true });
      const canceled = ctx.withCancel();
      canceled.cancel();
      await assert.rejects(numbers.values(canceled)[Symbol.asyncIterator]().next(), { code: 'canceled' });
    });

    test('values ends with the error of its context', async () => {
      const numbers = make<number>(1);
      const leaving = ctx.withCancel();
      numbers.trySend(1);
      const received: number[] = [];

      await assert.rejects(
        async () => {
          for await (const n of numbers.values(leaving)) {
            received.push(n);
            queueMicrotask(() => leaving.cancel());
          }
        },
        (error) => errors.is(error, 'canceled'),
      );

      assert.deepEqual(received, [1]);
    });

    test('two tasks that pass a value to and fro leave the event loop its turns', async () => {
      const [to, fro] = [make<number>(0), make<number>(0)];
      let isOver = false;
      const echo = (async () => {
        for await (const n of to) await fro.send(ctx, n);
      })();
      const timer = setTimeout(() => {
        isOver = true;
      });

      let rounds = 0;
      // Without turns the timer never fires; the bound only ends the test then.
      while (!isOver && rounds < 5_000_000) {
        await to.send(ctx, rounds++);
        await fro.recv(ctx);
      }
      to.close();
      await echo;
      clearTimeout(timer);

      assert.equal(isOver, true, `no turn within ${rounds} rounds`);
    });

    test('a thousand waiters that are woken at once go on in order, across turns', async () => {
      const numbers = make<number>(0);
      const order: number[] = [];
      const waiters = Array.from({ length: 3_000 }, async (_, n) => {
        await numbers.recv(ctx);
        order.push(n);
      });
      await yieldNow();

      numbers.close();
      await Promise.all(waiters);

      assert.deepEqual(
        order,
        Array.from({ length: 3_000 }, (_, n) => n),
      );
    });
  });
}
