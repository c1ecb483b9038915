import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failOnLeaks } from '../../testing/leaks.ts';
import { virtualClock } from '../../testing/virtual-clock.ts';
import { type Context, contextKey } from '../context/context.ts';
import { background, rootContext } from '../context/context-tree.ts';
import { setTracker } from '../parking/tracking.ts';
import { yieldNow } from '../parking/turns.ts';
import { unhandledRejections } from '../testdata/unhandled-rejections.ts';
import { sleep } from '../time/wait.ts';
import { SingleFlight } from './single-flight.ts';

failOnLeaks();

const doom = new Error('doomed');

/** Work that counts its calls, remembers their contexts, and ends when its gate is opened. */
function work<V>() {
  const contexts: Context[] = [];
  const gates: PromiseWithResolvers<V>[] = [];
  const fn = (ctx: Context) => {
    contexts.push(ctx);
    const gate = Promise.withResolvers<V>();
    gates.push(gate);
    return gate.promise;
  };
  return { fn, contexts, gates };
}

// Go: x/sync/singleflight/singleflight_test.go TestDo, TestDoChan
test('do gives the value of the work', async () => {
  const flights = new SingleFlight<string, string>();

  const value = await flights.do(background(), 'key', async () => 'bar');

  assert.equal(value, 'bar');
});

// Go: x/sync/singleflight/singleflight_test.go TestDoErr
test('do throws the error of the work', async () => {
  const flights = new SingleFlight<string, string>();

  await assert.rejects(
    flights.do(background(), 'key', async () => {
      throw doom;
    }),
    doom,
  );
});

// Go: x/sync/singleflight/singleflight_test.go TestDoDupSuppress
test('callers of one key share one call, and all get its value', async () => {
  const flights = new SingleFlight<string, string>();
  const { fn, contexts, gates } = work<string>();
  const callers = Array.from({ length: 10 }, () => flights.do(background(), 'key', fn));

  assert.equal(flights.size, 1);
  gates[0]!.resolve('bar');

  assert.deepEqual(await Promise.all(callers), Array(10).fill('bar'));
  assert.equal(contexts.length, 1);
  assert.equal(flights.size, 0);
});

test('keys do not wait for each other', async () => {
  const flights = new SingleFlight<number, number>();
  const { fn, gates } = work<number>();
  const callers = [flights.do(background(), 1, fn), flights.do(background(), 2, fn)];

  gates[1]!.resolve(20);

  assert.equal(await callers[1], 20);
  assert.equal(flights.size, 1);
  gates[0]!.resolve(10);
  assert.equal(await callers[0], 10);
});

test('a call that has ended is not kept', async () => {
  const flights = new SingleFlight<string, number>();
  let calls = 0;
  const fn = async () => ++calls;

  const values = [await flights.do(background(), 'key', fn), await flights.do(background(), 'key', fn)];

  assert.deepEqual(values, [1, 2]);
});

// Go: x/sync/singleflight/singleflight_test.go TestForget
test('after forget the next caller starts anew, and the forgotten work does not disturb it', async () => {
  const flights = new SingleFlight<string, number>();
  const { fn, contexts, gates } = work<number>();
  const first = flights.do(background(), 'key', fn);
  flights.forget('key');
  const second = flights.do(background(), 'key', fn);

  gates[0]!.resolve(1);
  assert.equal(await first, 1);
  const third = flights.do(background(), 'key', fn);
  gates[1]!.resolve(2);

  assert.deepEqual([await second, await third], [2, 2]);
  assert.equal(contexts.length, 2);
});

// Go: x/sync/singleflight/singleflight_test.go TestPanicDo, TestPanicErrorUnwrap
test('all callers get the very error that the work throws, also before its first wait, and the key is free', async () => {
  const flights = new SingleFlight<string, number>();
  const { fn, gates } = work<number>();
  const callers = Array.from({ length: 5 }, () => flights.do(background(), 'key', fn));
  gates[0]!.reject(doom);

  const early = flights.share(background(), 'other', () => {
    throw doom;
  });

  for (const caller of [...callers, early]) await assert.rejects(caller, doom);
  assert.equal(flights.size, 0);
});

// Go: x/sync/singleflight/singleflight_test.go TestPanicDoChan, TestPanicDoSharedByDoChan
test('an error that no caller handles surfaces as an unhandled rejection, once for each', async (t) => {
  const surfaced = unhandledRejections(t);
  const flights = new SingleFlight<string, number>();
  const { fn, gates } = work<number>();
  void flights.do(background(), 'key', fn);
  void flights.do(background(), 'key', fn);

  gates[0]!.reject(doom);

  for (let turn = 0; turn < 3; turn++) await yieldNow();
  assert.deepEqual(surfaced, [doom, doom]);
});

test('work that rejects with undefined fails', async () => {
  const flights = new SingleFlight<string, number>();

  const outcome = flights
    .do(background(), 'key', () => Promise.reject(undefined))
    .then(
      () => 'done',
      (error) => ['failed', error],
    );

  assert.deepEqual(await outcome, ['failed', undefined]);
});

test('a value that is there at once is given like any other', async () => {
  const flights = new SingleFlight<string, number>();

  const [one, two] = [flights.do(background(), 'key', () => 1), flights.do(background(), 'key', () => 2)];

  assert.deepEqual([await one, await two], [1, 1]);
});

// Go: x/sync/singleflight/singleflight.go (Do gives `shared`)
test('share tells whether another caller got the same value', async () => {
  const flights = new SingleFlight<string, string>();
  const { fn, gates } = work<string>();
  const impatient = background().withCancel();
  const alone = flights.share(background(), 'alone', fn);
  const left = flights.do(impatient, 'alone', fn);
  const first = flights.share(background(), 'both', fn);
  const second = flights.do(background(), 'both', fn);
  impatient.cancel();

  gates[0]!.resolve('a');
  gates[1]!.resolve('b');

  assert.deepEqual(await alone, { value: 'a', shared: false });
  assert.deepEqual([await first, await second], [{ value: 'b', shared: true }, 'b']);
  await assert.rejects(left, { code: 'canceled' });
});

test('a caller that gives up gets the error of its context, and the others go on', async () => {
  const clock = virtualClock();
  const flights = new SingleFlight<string, string>();
  const { fn, contexts, gates } = work<string>();
  const impatient = flights.do(rootContext(clock).withTimeout(50), 'key', fn);
  const patient = flights.do(rootContext(clock), 'key', fn);
  const gaveUp = assert.rejects(impatient, { code: 'deadline_exceeded' });

  await clock.advance(50);
  await gaveUp;
  gates[0]!.resolve('bar');

  assert.equal(await patient, 'bar');
  assert.equal(contexts[0]!.deadline, undefined);
});

test('the last caller that gives up cancels the work, and the cause says so', async () => {
  const flights = new SingleFlight<string, string>();
  const { fn, contexts, gates } = work<string>();
  const [one, two] = [background().withCancel(), background().withCancel()];
  const callers = [flights.do(one, 'key', fn), flights.do(two, 'key', fn)];

  one.cancel();
  assert.equal(contexts[0]!.err(), undefined);
  two.cancel();

  assert.equal(contexts[0]!.err()?.code, 'canceled');
  assert.equal((contexts[0]!.cause() as { reason?: string }).reason, 'CALLERS_LEFT');
  for (const caller of callers) await assert.rejects(caller, { code: 'canceled' });
  gates[0]!.resolve('too late');
});

test('who comes after the last caller left starts anew, whatever the canceled work ends with', async (t) => {
  const surfaced = unhandledRejections(t);
  const flights = new SingleFlight<string, string>();
  const { fn, contexts, gates } = work<string>();
  const ctx = background().withCancel();
  const left = assert.rejects(flights.do(ctx, 'key', fn), { code: 'canceled' });
  ctx.cancel();
  const anew = flights.do(background(), 'key', fn);

  gates[0]!.reject(doom);
  await yieldNow();
  const joined = flights.do(background(), 'key', fn);
  gates[1]!.resolve('anew');

  await left;
  assert.deepEqual([await anew, await joined, contexts.length], ['anew', 'anew', 2]);
  assert.deepEqual(surfaced, []);
});

test('the last caller of forgotten work that gives up cancels that and not its successor', async () => {
  const flights = new SingleFlight<string, string>();
  const { fn, contexts, gates } = work<string>();
  const ctx = background().withCancel();
  const forgotten = flights.do(ctx, 'key', fn);
  flights.forget('key');
  const next = flights.do(background(), 'key', fn);

  ctx.cancel();
  gates[1]!.resolve('next');

  await assert.rejects(forgotten, { code: 'canceled' });
  assert.equal(await next, 'next');
  assert.equal(contexts[0]!.err()?.code, 'canceled');
  gates[0]!.resolve('too late');
});

test('the work keeps the values and the clock of the first caller, and not its deadline', async () => {
  const clock = virtualClock();
  const key = contextKey('user', 'nobody');
  const flights = new SingleFlight<string, string>();
  const first = rootContext(clock).withValue(key, 'ann').withTimeout(50);

  const seen = flights.do(first, 'key', (ctx) => `${ctx.value(key)} ${ctx.deadline} ${ctx.clock === clock}`);

  assert.equal(await seen, 'ann undefined true');
});

test('the context of the work ends with the work', async () => {
  const flights = new SingleFlight<string, string>();
  const { fn, contexts, gates } = work<string>();
  const caller = flights.do(background(), 'key', fn);

  gates[0]!.resolve('bar');
  await caller;

  assert.equal(contexts[0]!.err()?.code, 'canceled');
});

test('a context that has ended neither starts nor joins', async () => {
  const flights = new SingleFlight<string, string>();
  const { fn, contexts } = work<string>();
  const ctx = background().withCancel();
  ctx.cancel(doom);

  await assert.rejects(flights.do(ctx, 'key', fn), { code: 'canceled', cause: doom });

  assert.deepEqual([contexts.length, flights.size], [0, 0]);
});

test('callers that have been served leave nothing in their contexts', async () => {
  const clock = virtualClock();
  const flights = new SingleFlight<string, number>();
  const ctx = rootContext(clock).withTimeout(1000);
  const work = async (own: Context) => {
    await sleep(own, 10);
    return 7;
  };
  const callers = [flights.do(ctx, 'key', work), flights.do(ctx, 'key', work)];

  await clock.advance(10);

  assert.deepEqual(await Promise.all(callers), [7, 7]);
  assert.equal(clock.pending, 0);
});

test('debug mode is told of the work as a task and of the callers as waits', async (t) => {
  const told: string[] = [];
  const ignore = () => undefined;
  t.after(() => setTracker(undefined));
  setTracker({
    parked: (wait) => told.push(`parked ${wait.describe()}`),
    resumed: ignore,
    task(task, body) {
      told.push(`start ${task.describe()}`);
      return body();
    },
    ended: (task) => told.push(`end ${task.describe()}`),
    armed: ignore,
    disarmed: ignore,
  });
  const flights = new SingleFlight<string | object, number>();

  await Promise.all([flights.do(background(), 'key', () => 1), flights.do(background(), {}, () => 2)]);

  assert.deepEqual(told.filter((line) => line.includes('"key"')).length, 3);
  assert.deepEqual(told.slice(0, 2), [
    'parked wait of single flight "key" (0 callers)',
    'start work of single flight "key" (1 callers)',
  ]);
  assert.equal(told.at(-1), 'end work of single flight a key of type object (1 callers)');
});
