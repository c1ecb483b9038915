import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  background,
  type Case,
  type Chan,
  type Context,
  chan,
  otherwise,
  recv,
  select,
  send,
} from 'flotilla/concurrency';

/** What may stand beside the one case that can go on. None of them ever can. */
const companions: Record<string, () => Case<unknown>> = {
  'a missing channel to receive from': () => recv(undefined),
  'a missing channel to send to': () => send(undefined, 1),
  'an empty channel': () => recv(chan<number>(1)),
  'an unbuffered channel without a receiver': () => send(chan<number>(), 1),
  'a full channel': () => {
    const full = chan<number>(1);
    full.trySend(0);
    return send(full, 1);
  },
};

/** All selects with the case in question: each set of companions, before and after it, with and without otherwise. */
function* shapes(): Generator<{ name: string; cases: (subject: Case<unknown>) => Record<string, Case<unknown>> }> {
  const names = Object.keys(companions);
  for (let set = 0; set < 2 ** names.length; set++) {
    const chosen = names.filter((_, i) => (set & (1 << i)) !== 0);
    for (const position of ['first', 'last'] as const) {
      for (const fallback of [false, true]) {
        yield {
          name: `${position} beside [${chosen.join(', ')}]${fallback ? ' with otherwise' : ''}`,
          cases: (subject) => {
            const others = Object.fromEntries(chosen.map((name) => [name, companions[name]!()]));
            const rest = fallback ? { ...others, otherwise } : others;
            return position === 'first' ? { subject, ...rest } : { ...rest, subject };
          },
        };
      }
    }
  }
}

/** One operation at a time, on a channel where it can go on without a peer. */
const operations: Record<
  string,
  (ch: Chan<string>) => { prepare(): void; subject: () => Case<unknown>; check(value: unknown): void }
> = {
  recv: (ch) => ({
    prepare: () => ch.trySend('there'),
    subject: () => recv(ch),
    check: (value) => assert.deepEqual([value, ch.len], ['there', 0]),
  }),
  send: (ch) => ({
    prepare() {},
    subject: () => send(ch, 'put'),
    check: (value) => assert.deepEqual([value, ch.tryRecv()], [undefined, 'put']),
  }),
};

for (const [name, make] of Object.entries(operations)) {
  // Go: test/chan/select5.go (recv, send, nonblock)
  test(`a ${name} that can go on does so in every shape of select, at once`, () => {
    let count = 0;
    for (const shape of shapes()) {
      const { prepare, subject, check } = make(chan<string>(1));
      prepare();

      const got = select(background(), shape.cases(subject()));

      assert.ok(!(got instanceof Promise), shape.name);
      assert.equal(got.case, 'subject', shape.name);
      check(got.value);
      count++;
    }
    assert.equal(count, 128);
  });

  // Go: test/chan/select5.go (the same operations where a default is taken)
  test(`a ${name} that would have to wait yields to otherwise in every shape of select, and does nothing`, () => {
    for (const shape of shapes()) {
      const ch = chan<string>(1);
      if (name === 'send') ch.trySend('there');
      const { subject } = make(ch);

      const got = select(background(), { ...shape.cases(subject()), otherwise });

      assert.deepEqual(got, { case: 'otherwise', value: undefined }, shape.name);
      assert.equal(ch.tryRecv(), name === 'send' ? 'there' : undefined, shape.name);
    }
  });
}

// Go: test/chan/select5.go (recvOrder, sendOrder)
test('a select evaluates every channel and every value once, in the order of the text, whichever case it takes', () => {
  const evaluated: string[] = [];
  const note = <T>(name: string, value: T): T => {
    evaluated.push(name);
    return value;
  };
  const [ready, silent] = [chan<number>(1), chan<number>()];
  ready.trySend(1);
  const run = (ctx: Context) =>
    select(note('ctx', ctx), {
      a: recv(note('channel a', silent)),
      b: send(note('channel b', undefined), note('value b', 1)),
      c: recv(note('channel c', ready)),
      d: send(note('channel d', silent), note('value d', 2)),
      otherwise: note('otherwise', otherwise),
    });

  assert.equal(run(background()).case, 'c');
  assert.equal(run(background()).case, 'otherwise');

  const once = ['ctx', 'channel a', 'channel b', 'value b', 'channel c', 'channel d', 'value d', 'otherwise'];
  assert.deepEqual(evaluated, [...once, ...once]);
});
