import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { background, contextKey, current, runWith } from '../index.ts';
import { MappedSteps } from './mapped-steps.ts';
import { type StepReader, StepStream } from './step-stream.ts';
import { stepsOf } from './steps-of.ts';

/** Tells what it is given: at once where it has it, else later. */
class Pushed extends StepStream<number> {
  readonly waiting: number[] = [];
  reader: StepReader<number> | undefined;
  isLeft = false;

  override pull(reader: StepReader<number>): void {
    if (this.waiting.length > 0) reader.onStep(this.waiting.shift()!);
    else this.reader = reader;
  }
  override leave(): undefined {
    this.isLeft = true;
  }
  push(value: number): void {
    const { reader } = this;
    this.reader = undefined;
    if (reader === undefined) this.waiting.push(value);
    else reader.onStep(value);
  }
}

/** Writes down what it is told. */
function noting(told: unknown[]): StepReader<unknown> {
  return {
    onStep: (value) => void told.push(value),
    onDone: () => void told.push('done'),
    onFail: (error) => void told.push(error),
  };
}

async function* upTo(last: number, onReturn: () => void = () => {}): AsyncGenerator<number> {
  try {
    for (let n = 1; n <= last; n++) yield n;
  } finally {
    onReturn();
  }
}

test('a value is told through all layers at once, without a promise', () => {
  const source = new Pushed();
  const told: unknown[] = [];
  const stream = new MappedSteps(new MappedSteps(source, (n) => n + 1), (n) => n * 10);

  stream.pull(noting(told));
  source.push(1);
  source.push(2);
  stream.pull(noting(told));

  assert.deepEqual(told, [20, 30]);
});

test('whoever iterates gets promises, in order also where several steps are asked for at a time', async () => {
  const source = new Pushed();

  const steps = [source.next(), source.next(), source.next()];
  for (const n of [1, 2, 3]) source.push(n);

  assert.deepEqual(
    (await Promise.all(steps)).map(({ value }) => value),
    [1, 2, 3],
  );
  source.push(4);
  assert.deepEqual(await source.next(), { done: false, value: 4 });
});

for (const [what, iterable] of [
  ['a generator', () => upTo(3)],
  ['a list, which types forbid', () => [1, 2, 3] as unknown as AsyncIterable<number>],
  ['steps', () => stepsOf(upTo(3))],
  [
    'an iterator without promises, which types forbid',
    () => {
      let n = 0;
      const next = () => ({ done: n++ === 3, value: n });
      return { [Symbol.asyncIterator]: () => ({ next }) } as unknown as AsyncIterable<number>;
    },
  ],
] as const) {
  test(`${what} can be read as steps`, async () => {
    assert.deepEqual(await Array.fromAsync(stepsOf(iterable())), [1, 2, 3]);
  });
}

test('what cannot be iterated is refused', () => {
  assert.throws(() => stepsOf({} as AsyncIterable<never>), TypeError);
});

test('a failure is told once, and the end from then on', async () => {
  const broken = new Error('broken');
  const failing = {
    [Symbol.asyncIterator]: () => ({
      next(): Promise<IteratorResult<number>> {
        throw broken;
      },
    }),
  };
  const stream = stepsOf(failing);

  await assert.rejects(stream.next(), broken);

  assert.equal((await stream.next()).done, true);
});

test('a value that cannot be mapped fails the stream, and its source is left', async () => {
  const left = Promise.withResolvers<void>();
  const stream = new MappedSteps(stepsOf(upTo(3, left.resolve)), (n) => {
    if (n === 2) throw new RangeError('not two');
    return n;
  });

  assert.equal((await stream.next()).value, 1);
  await assert.rejects(stream.next(), /not two/);

  await left.promise;
  assert.equal((await stream.next()).done, true);
});

test('who leaves waits for the source to clean up, and hears of its failure', async () => {
  const cleaned: string[] = [];
  async function* source() {
    try {
      yield 1;
    } finally {
      await Promise.resolve();
      cleaned.push('cleaned');
    }
  }
  const failing = { next: async () => ({ done: false, value: 1 }), return: () => Promise.reject(new Error('stuck')) };

  for await (const _ of new MappedSteps(stepsOf(source()), String)) break;

  assert.deepEqual(cleaned, ['cleaned']);
  await assert.rejects(stepsOf({ [Symbol.asyncIterator]: () => failing }).return(), /stuck/);
});

test('the Context in which it was opened is the current one in each step of a program, and in its clean-up', async () => {
  const key = contextKey('steps test', 'nobody');
  const seen: unknown[] = [];
  async function* source() {
    try {
      for (;;) {
        seen.push(current().value(key));
        yield 1;
      }
    } finally {
      seen.push(current().value(key));
    }
  }
  const stream = runWith(background().withValue(key, 'mine'), () => stepsOf(source()));

  await stream.next();
  await stream.next();
  await stream.return();

  assert.deepEqual(seen, ['mine', 'mine', 'mine']);
});

test('a program keeps the stores of its own, whoever takes its steps', async () => {
  const store = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  async function* source() {
    for (;;) {
      seen.push(store.getStore());
      yield 1;
    }
  }
  const stream = store.run('mine', () => stepsOf(source()));

  await store.run('of another call', () => stream.next());
  await stream.next();

  assert.deepEqual(seen, ['mine', 'mine']);
});

test('an iterator of the program may be left without a promise', async () => {
  const iterable = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: 1 }),
      return: () => ({ done: true, value: undefined }),
    }),
  };

  const left = stepsOf(iterable as unknown as AsyncIterable<number>).leave();

  assert.deepEqual(await left?.then((step) => step), { done: true, value: undefined });
});
