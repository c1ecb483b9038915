import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Awaitable,
  background,
  type Chan,
  type Context,
  chan,
  otherwise,
  recv,
  select,
  send,
} from 'flotilla/concurrency';
import { type Fate, fateOf } from './tasks.ts';

/** The states a channel can be in, with nobody waiting on it. */
const states = {
  'no channel': () => undefined,
  'open, unbuffered': () => chan<number>(),
  'open, empty': () => chan<number>(2),
  'open, one of two': () => filled(2, 1),
  'open, full': () => filled(2, 2),
  'closed, unbuffered': () => closed(chan<number>()),
  'closed, empty': () => closed(chan<number>(2)),
  'closed, one of two': () => closed(filled(2, 1)),
  'closed, full': () => closed(filled(2, 2)),
} satisfies Record<string, () => Chan<number> | undefined>;

type State = keyof typeof states;

function filled(cap: number, count: number): Chan<number> {
  const ch = chan<number>(cap);
  for (let i = 0; i < count; i++) ch.trySend(i);
  return ch;
}

function closed(ch: Chan<number>): Chan<number> {
  ch.close();
  return ch;
}

/** What a send, a receive and a close meet there. */
const table: Record<State, { send: Fate; recv: Fate; close: Fate }> = {
  'no channel': { send: 'blocks', recv: 'blocks', close: 'throws' },
  'open, unbuffered': { send: 'blocks', recv: 'blocks', close: 'proceeds' },
  'open, empty': { send: 'proceeds', recv: 'blocks', close: 'proceeds' },
  'open, one of two': { send: 'proceeds', recv: 'proceeds', close: 'proceeds' },
  'open, full': { send: 'blocks', recv: 'proceeds', close: 'proceeds' },
  'closed, unbuffered': { send: 'throws', recv: 'proceeds', close: 'throws' },
  'closed, empty': { send: 'throws', recv: 'proceeds', close: 'throws' },
  'closed, one of two': { send: 'throws', recv: 'proceeds', close: 'throws' },
  'closed, full': { send: 'throws', recv: 'proceeds', close: 'throws' },
};

type Operation = (ctx: Context, ch: Chan<number> | undefined) => Awaitable<unknown>;

/** All ways to say one operation. A missing channel has no methods, so only a select can name it. */
const forms: Record<'send' | 'recv', Record<string, Operation>> = {
  send: {
    'a plain send': (ctx, ch) => (ch === undefined ? select(ctx, { never: send(ch, 7) }) : ch.send(ctx, 7)),
    'a select of one send': (ctx, ch) => select(ctx, { sent: send(ch, 7) }),
    'a select of a send and a missing channel': (ctx, ch) =>
      select(ctx, { never: recv(undefined), sent: send(ch, 7), neither: send(undefined, 1) }),
    'a select of a send and a channel where nothing happens': (ctx, ch) =>
      select(ctx, { sent: send(ch, 7), silent: recv(chan<string>()) }),
    'a select of the same send twice': (ctx, ch) => select(ctx, { once: send(ch, 7), again: send(ch, 7) }),
  },
  recv: {
    'a plain recv': (ctx, ch) => (ch === undefined ? select(ctx, { never: recv(ch) }) : ch.recv(ctx)),
    'a select of one recv': (ctx, ch) => select(ctx, { value: recv(ch) }),
    'a select of a recv and a missing channel': (ctx, ch) =>
      select(ctx, { never: recv(undefined), value: recv(ch), neither: send(undefined, 1) }),
    'a select of a recv and a channel where nothing happens': (ctx, ch) =>
      select(ctx, { value: recv(ch), silent: send(chan<string>(), 'x') }),
    'a select of the same recv twice': (ctx, ch) => select(ctx, { once: recv(ch), again: recv(ch) }),
  },
};

/** What a form with a way out does where the plain operation has this fate. */
const withWayOut: Record<Fate, string> = { blocks: 'declines', proceeds: 'proceeds', throws: 'throws' };

for (const state of Object.keys(states) as State[]) {
  for (const operation of ['send', 'recv'] as const) {
    const fate = table[state][operation];

    for (const [name, form] of Object.entries(forms[operation])) {
      // Go: test/chan/select3.go
      test(`${name} ${fate} (${state})`, async () => {
        assert.equal(await fateOf((ctx) => form(ctx, states[state]())), fate);
      });
    }

    // Go: test/chan/select3.go (the selects with a default)
    test(`a select of a ${operation} with otherwise, and its try form, decline instead of waiting (${state})`, () => {
      const cases = () => {
        const ch = states[state]();
        return operation === 'send' ? { otherwise, done: send(ch, 7) } : { otherwise, done: recv(ch) };
      };
      const selected = () => (select(background(), cases()).case === 'otherwise' ? 'declines' : 'proceeds');
      const tried = () => {
        const ch = states[state]();
        if (ch === undefined) return 'declines';
        if (operation === 'send') return ch.trySend(7) ? 'proceeds' : 'declines';
        return ch.tryRecv() !== undefined || ch.isClosed ? 'proceeds' : 'declines';
      };

      assert.equal(orThrows(selected), withWayOut[fate]);
      assert.equal(orThrows(tried), withWayOut[fate]);
    });
  }

  // Go: test/chan/select3.go (the rules for close that it takes for granted)
  test(`a close ${table[state].close} (${state})`, async () => {
    const close = () => (states[state]() as Chan<number>).close();

    assert.equal(await fateOf(close), table[state].close);
  });
}

function orThrows(attempt: () => string): string {
  try {
    return attempt();
  } catch {
    return 'throws';
  }
}

// Go: test/chan/select3.go (receiving from a closed channel never blocks)
test('a closed channel gives what is left in it, then the end, as often as it is asked', () => {
  const ch = closed(filled(2, 2));

  assert.deepEqual(
    Array.from({ length: 12 }, () => ch.recv(background())),
    [0, 1, ...Array.from({ length: 10 }, () => undefined)],
  );
  assert.deepEqual(select(background(), { end: recv(ch), otherwise }), { case: 'end', value: undefined });
});

// Go: test/chan/select3.go (empty selects always block)
test('a select without cases, or of missing channels only, waits until its context ends', async () => {
  assert.equal(await fateOf((ctx) => select(ctx, {})), 'blocks');
  assert.equal(await fateOf((ctx) => select(ctx, { a: recv(undefined), b: send(undefined, 7) })), 'blocks');
});

// Go: test/chan/select3.go (selects with default cases don't block)
test('a select of nothing but otherwise goes on at once', () => {
  assert.deepEqual(select(background(), { otherwise }), { case: 'otherwise', value: undefined });
});

// Go: test/chan/select3.go (select should not get confused if it sees itself)
test('a select that sends to and receives from one unbuffered channel does not serve itself', async () => {
  const ch = chan<number>();

  assert.equal(await fateOf((ctx) => select(ctx, { sent: send(ch, 1), got: recv(ch) })), 'blocks');
  assert.equal(await fateOf((ctx) => select(ctx, { got: recv(ch), sent: send(ch, 1), more: recv(ch) })), 'blocks');
  assert.deepEqual([ch.tryRecv(), ch.trySend(2)], [undefined, false], 'it left nothing behind');
});
