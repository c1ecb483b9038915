import assert from 'node:assert/strict';
import type { Attempt } from './ambiguous.ts';
import type { Forwarded } from './front.ts';
import { each, exchange, headsOf } from './raw-exchange.ts';

/** A request as the back end understood it. */
export interface Seen {
  /** What the front gave it. */
  readonly id: string | undefined;
  readonly method: string;
  readonly target: string;
  /** What came of the body; undefined where the back end does not tell. */
  readonly body?: string;
  readonly isComplete?: boolean;
}

/** What the front answered to each attempt. */
export type Answers = ReadonlyMap<Attempt, string>;

export async function sendAll(port: number, attempts: readonly Attempt[]): Promise<Answers> {
  const answers = new Map<Attempt, string>();
  await each(attempts, 16, async (attempt) => {
    answers.set(attempt, await exchange(port, attempt.bytes));
  });
  return answers;
}

/**
 * The back end has seen only what the front has sent, once each, with the same method, target and body: nothing was a
 * request for one and a body for the other.
 */
export function checkSeen(seen: readonly Seen[], forwarded: ReadonlyMap<string, Forwarded>): void {
  const ids = new Set<string>();
  for (const one of seen) {
    const sent = one.id === undefined ? undefined : forwarded.get(one.id);
    assert.ok(sent !== undefined, `the back end saw a request that the front did not send: ${JSON.stringify(one)}`);
    assert.ok(!ids.has(one.id!), `the back end saw a request twice: ${JSON.stringify(one)}`);
    ids.add(one.id!);
    assert.deepEqual([one.method, one.target], [sent.method, sent.target]);
    if (one.body === undefined) continue;
    if (one.isComplete === true) assert.deepEqual([one.body, sent.isComplete], [sent.body, true]);
    else assert.ok(sent.body.startsWith(one.body), JSON.stringify([one, sent]));
  }
  assert.ok(ids.size > 200, `only ${ids.size} requests came to the back end`);
}

/** Each answer on a connection is to the front's request that it stands for, and they are in order. */
export function checkAnswers(answers: Answers, frontId: string, backId: string): void {
  let paired = 0;
  for (const [{ name }, received] of answers) {
    let previous = -1;
    for (const head of headsOf(received)) {
      const front = head[frontId];
      const back = head[backId];
      if (front === undefined || back === undefined) continue;
      assert.equal(back, front, `an answer belongs to another request: ${name}`);
      const order = Number.parseInt(front, 16);
      assert.ok(order > previous, `answers are out of order: ${name}`);
      previous = order;
      paired++;
    }
  }
  assert.ok(paired > 200, `only ${paired} answers came from the back end`);
}
