import type { Context } from '../context/context.ts';
import { refuseWait } from '../context/done-listener.ts';
import { refuseDone } from '../parking/ready.ts';
import { type Awaitable, Waiting } from '../parking/waiting.ts';
import type { Item, RecvChan, SendChan } from './channel.ts';
import { type Case, type CaseWaiter, notReady } from './select-case.ts';

/** The cases of a select, by the names that its result is told by. */
export type Cases = Readonly<Record<string, Case<unknown>>>;

/** Which case was done and what it gave: a union that `switch (result.case)` narrows. */
export type Selected<C extends Cases> = {
  [Name in keyof C & string]: { readonly case: Name; readonly value: C[Name] extends Case<infer T> ? T : never };
}[keyof C & string];

/** By name, whether the case is certain to be `otherwise`. */
type IsOtherwise<C extends Cases> = { readonly [Name in keyof C]: [C[Name]] extends [Otherwise] ? true : false };

/**
 * Does exactly one of the operations, as Go's `select`: one that is ready, chosen at random with equal chances, or the
 * first that becomes ready. The others are left without a trace: nothing is sent or taken, no timer stays armed.
 *
 *     const got = await select(ctx, { job: recv(jobs), beat: tick, sent: send(out, v) });
 *     switch (got.case) {
 *       case 'job': if (got.value === undefined) return; ...        // closed and drained
 *
 * Gives the result itself where one is ready, and always where `otherwise` is among the cases; `await` takes both. With an
 * `otherwise` it never waits. A `recv` or `send` of an undefined channel is never ready, as Go's nil channel.
 *
 * Throws the error of `ctx` when it ends first (under the rules of `send`), what a chosen `send` to a closed channel
 * throws, and what the promise of a chosen `settled` was rejected with.
 */
export function select<const C extends Cases>(
  ctx: Context,
  cases: C,
): true extends IsOtherwise<C>[keyof C] ? Selected<C> : Awaitable<Selected<C>>;
export function select(ctx: Context, cases: Cases): Awaitable<Selected<Cases>> {
  refuseDone(ctx);
  const names = Object.keys(cases);
  let fallback: string | undefined;
  for (let left = names.length; left > 0; left--) {
    // The next step of a random permutation, made only as far as it is needed.
    const pick = left === 1 ? 0 : Math.floor(Math.random() * left);
    const name = names[pick]!;
    const chosen = cases[name]!;
    if (chosen === otherwise) {
      fallback = name;
    } else {
      const value = chosen.attempt();
      if (value !== notReady) return { case: name, value };
    }
    names[pick] = names[left - 1]!;
    names[left - 1] = name;
  }
  if (fallback !== undefined) return { case: fallback, value: undefined };
  return parkSelect(ctx, cases, names);
}

/** Enters the queues in the random order of the attempts: of two cases of one channel each has its chance. */
function parkSelect(ctx: Context, cases: Cases, names: readonly string[]): Promise<Selected<Cases>> {
  refuseWait(ctx);
  const selection = new Selection(ctx, cases);
  for (const name of names) selection.add(name, cases[name]!);
  return selection.begin();
}

/** A select that waits: an entry in every case until one of them is done. */
class Selection extends Waiting<Selected<Cases>> {
  declare private readonly cases: Cases;
  declare private readonly entries: Entry[];

  constructor(ctx: Context, cases: Cases) {
    super(ctx);
    this.cases = cases;
    this.entries = [];
  }

  add(name: string, on: Case<unknown>): void {
    const entry = new Entry(this, name, on);
    this.entries.push(entry);
    on.park(entry as CaseWaiter<never>);
  }

  describe(): string {
    const cases = Object.entries(this.cases).map(([name, on]) => `${name}: ${on.describe()}`);
    return `select of ${cases.join(', ')}`;
  }

  protected leave(): void {
    for (const entry of this.entries) entry.on.leave(entry as CaseWaiter<never>);
  }
}

class Entry implements CaseWaiter<unknown> {
  declare previous: CaseWaiter<unknown> | undefined;
  declare next: CaseWaiter<unknown> | undefined;
  declare list: { remove(entry: CaseWaiter<unknown>): void } | undefined;
  declare payload: unknown;
  declare private readonly selection: Selection;
  declare readonly name: string;
  declare readonly on: Case<unknown>;

  constructor(selection: Selection, name: string, on: Case<unknown>) {
    this.previous = undefined;
    this.next = undefined;
    this.list = undefined;
    this.payload = undefined;
    this.selection = selection;
    this.name = name;
    this.on = on;
  }

  deliver(value: unknown): void {
    this.selection.deliver({ case: this.name, value });
  }

  fail(error: unknown): void {
    this.selection.fail(error);
  }
}

/** Never ready: the nil channel. */
const never: Case<never> = {
  attempt: () => notReady,
  park() {},
  leave() {},
  describe: () => 'a nil channel',
};

/** The type of `otherwise`, by which `select` knows that it need not be awaited. */
export interface Otherwise extends Case<undefined> {
  readonly isOtherwise: true;
}

/** The case that is done when no other is ready: Go's `default`. */
export const otherwise: Otherwise = {
  isOtherwise: true,
  attempt: () => undefined,
  park() {},
  leave() {},
  describe: () => 'otherwise',
};

/** A case that receives; its value is undefined when the channel is closed and drained. Without a channel: never ready. */
export function recv<T extends Item>(chan: RecvChan<T> | undefined): Case<T | undefined> {
  return chan === undefined ? never : chan.recvCase();
}

/** A case that sends `item`; choosing it throws if the channel is closed. Without a channel: never ready. */
export function send<T extends Item>(chan: SendChan<T> | undefined, item: T): Case<void> {
  return chan === undefined ? never : chan.sendCase(item);
}
