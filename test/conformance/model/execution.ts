import {
  type CancelContext,
  type Case,
  type Chan,
  type Context,
  done,
  otherwise,
  recv,
  send,
  yieldNow,
} from 'flotilla/concurrency';
import { isStatusError } from 'flotilla/errors';
import { ForeignContext } from '../go/foreign-context.ts';
import { Divergence, Model } from './model.ts';
import { type CaseOp, type Effect, type Op, type Program, turnOfTheLoop } from './program.ts';
import type { Subject, SubjectLocker } from './subject.ts';

interface Task {
  readonly id: number;
  readonly ops: readonly Op[];
  next: number;
  isWaiting: boolean;
  held: { unlock(): void } | undefined;
}

/** As long as a probe of this task goes on at once, it has no task. */
const probe = 100;

/**
 * Runs a program on the real tools and, in lock-step, on the model. Each operation is one step of the real tools: what it
 * comes to at once, or that it waits, must be allowed by the model; and whenever promises have settled, the waits that
 * went on must be those that the model let go on, in its order and with what it gave them.
 */
export class Execution {
  readonly #model: Model;
  readonly #subject: Subject;
  readonly #program: Program;
  readonly #channels: readonly Chan<number>[];
  readonly #owned: readonly CancelContext[];
  readonly #contexts: readonly Context[];
  readonly #mutex: SubjectLocker;
  readonly #tasks: Task[];
  readonly #trace: string[] = [];
  #values = 0;
  /** What was found wrong where a wait went on. */
  #failure: { readonly error: unknown } | undefined;

  constructor(program: Program, subject: Subject) {
    this.#program = program;
    this.#subject = subject;
    this.#model = new Model(program);
    this.#channels = program.capacities.map((cap) => subject.chan(cap));
    this.#mutex = subject.mutex();
    const owned = [subject.root()];
    for (const parent of program.parents) owned.push(owned[parent]!.withCancel());
    this.#owned = owned;
    this.#contexts = program.foreign ? owned.map((ctx) => new ForeignContext(ctx)) : owned;
    this.#tasks = program.tasks.map((ops, id) => ({ id, ops, next: 0, isWaiting: false, held: undefined }));
  }

  /** Throws a Divergence, with all that happened before it, if the tools do what the model does not allow. */
  async run(): Promise<void> {
    try {
      for (const { task, hops } of this.#program.schedule) {
        const next = this.#tasks[task % this.#tasks.length]!;
        if (!next.isWaiting) this.#step(next);
        if (hops === turnOfTheLoop) await yieldNow();
        else for (let hop = 0; hop < hops; hop++) await undefined;
        this.#throwFailure();
      }
      await this.#runToQuiescence();
      await this.#endAll();
      this.#probe();
    } catch (error) {
      if (!(error instanceof Divergence)) throw error;
      throw new Divergence(`${error.message}\n  after:\n    ${this.#trace.join('\n    ')}`);
    }
  }

  /** Until each task has ended or waits for something that nobody will do. */
  async #runToQuiescence(): Promise<void> {
    for (;;) {
      let moved = false;
      for (const task of this.#tasks) {
        if (task.isWaiting || task.next >= task.ops.length) continue;
        this.#step(task);
        moved = true;
      }
      await this.#settle();
      if (!moved && this.#tasks.every((task) => task.isWaiting || task.next >= task.ops.length)) return;
    }
  }

  /** Lets all go on that can: then those that wait must be those that wait in the model. */
  async #settle(): Promise<void> {
    for (let hop = 0; hop < 4; hop++) await undefined;
    // Hand-overs may be left to the next turns of the event loop, so that timers and sockets get theirs.
    for (let turn = 0; turn < 2 && this.#model.awaited > 0; turn++) await yieldNow();
    this.#throwFailure();
    if (this.#model.awaited > 0) throw new Divergence(`lost wake-up: ${this.#model.describeAwaited()} should go on`);
    for (const { id, isWaiting } of this.#tasks)
      if (isWaiting !== this.#model.parked.has(id))
        throw new Divergence(`task ${id} ${isWaiting ? 'waits' : 'goes on'}`);
  }

  /** Ends every wait by its context, then gives back what is held. */
  async #endAll(): Promise<void> {
    this.#attempt(probe, { op: 'cancel', ctx: 0 });
    await this.#settle();
    if (this.#tasks.some(({ isWaiting }) => isWaiting)) throw new Divergence('a wait outlived its context');
    for (const task of this.#tasks) if (task.held !== undefined) this.#perform(task, { op: 'unlock' });
    await this.#settle();
  }

  /** Finds what waits left behind: a receiver that is gone takes no value, a sender that is gone gives none. */
  #probe(): void {
    const task: Task = { id: probe, ops: [], next: 0, isWaiting: false, held: undefined };
    this.#perform(task, { op: 'tryLock' });
    this.#channels.forEach(({ cap }, chan) => {
      for (let i = 0; i <= cap + 1; i++) this.#perform(task, { op: 'tryRecv', chan });
      for (let i = 0; i <= cap; i++) this.#perform(task, { op: 'trySend', chan });
      for (let i = 0; i <= cap + 1; i++) this.#perform(task, { op: 'tryRecv', chan });
    });
  }

  #step(task: Task): void {
    const op = task.ops[task.next++];
    if (op !== undefined) this.#perform(task, op);
  }

  #perform(task: Task, op: Op): void {
    if (op.op === 'unlock' && task.held === undefined) return;
    this.#attempt(task.id, op, task);
    this.#channels.forEach(({ len, isClosed }, i) => {
      const { buffer, isClosed: expected } = this.#model.channels[i]!;
      if (len !== buffer.length || isClosed !== expected)
        throw new Divergence(`channel ${i} holds ${len}${isClosed ? ', closed' : ''}; it should hold ${buffer.length}`);
    });
  }

  #attempt(id: number, op: Op, task?: Task): void {
    this.#values += 10;
    const value = this.#values;
    this.#trace.push(`task ${id}: ${describe(op)}, value ${value}`);
    const outcome = this.#outcomeOf(op, value, task);
    this.#trace[this.#trace.length - 1] += ` -> ${outcome}`;
    this.#model.perform(id, op, value, outcome);
  }

  /** What the operation comes to at once; `waits` if it gives a promise. */
  #outcomeOf(op: Op, value: number, task: Task | undefined): string {
    try {
      const result = this.#start(op, value);
      if (!(result instanceof Promise) || task === undefined) return settledAs(op, result, task);
      task.isWaiting = true;
      result.then(
        (late: unknown) => this.#goesOn(task, () => settledAs(op, late, task)),
        (error: unknown) => this.#goesOn(task, () => thrownAs(error)),
      );
      return 'waits';
    } catch (error) {
      return thrownAs(error);
    }
  }

  #goesOn(task: Task, words: () => string): void {
    task.isWaiting = false;
    try {
      const outcome = words();
      this.#trace.push(`task ${task.id} goes on -> ${outcome}`);
      this.#model.completed(task.id, outcome);
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #start(op: Op, value: number): unknown {
    switch (op.op) {
      case 'send':
        return this.#chan(op.chan).send(this.#contexts[op.ctx]!, value);
      case 'recv':
        return this.#chan(op.chan).recv(this.#contexts[op.ctx]!);
      case 'trySend':
        return this.#chan(op.chan).trySend(value);
      case 'tryRecv':
        return this.#chan(op.chan).tryRecv();
      case 'close':
        return this.#chan(op.chan).close();
      case 'select': {
        const cases: Record<string, Case<unknown>> = op.otherwise ? { otherwise } : {};
        op.cases.forEach((each, i) => {
          cases[`case ${i}`] = this.#case(each, value + i);
        });
        return this.#subject.select(this.#contexts[op.ctx]!, cases);
      }
      case 'lock':
        return this.#mutex.lock(this.#contexts[op.ctx]!);
      case 'tryLock':
        return this.#mutex.tryLock();
      case 'cancel':
        return this.#owned[op.ctx]!.cancel(`cancel of ${op.ctx}`);
      case 'onDone': {
        const ctx = this.#contexts[op.ctx]!;
        if (ctx.err() !== undefined) return 'too late';
        ctx.onDone(() => this.#effect(op.effect, value));
        return 'registered';
      }
      case 'unlock':
        return undefined;
    }
  }

  #case(each: CaseOp, value: number): Case<unknown> {
    if (each.op === 'done') return done(this.#contexts[this.#program.doneOf]!);
    const chan = each.op === 'nil' ? undefined : this.#chan(each.chan);
    return each.op === 'send' ? send(chan, value) : recv(chan);
  }

  #chan(index: number): Chan<number> {
    return this.#channels[index % this.#channels.length]!;
  }

  /** Within a cancellation: the model hears of it afterwards, in the same order. */
  #effect(effect: Effect, value: number): void {
    // A cancel may call further effects, which come after it.
    if (effect.op === 'cancel') this.#model.effects.push('canceled');
    const outcome = this.#outcomeOf(effect, value, undefined);
    if (effect.op !== 'cancel') this.#model.effects.push(outcome);
    this.#trace.push(`  within it: ${describe(effect)}, value ${value} -> ${outcome}`);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function describe(op: Op): string {
  return JSON.stringify(op).replaceAll('"', '').replaceAll(',', ', ');
}

/** An outcome in the words of the model. Keeps or gives back what the operation got. */
function settledAs(op: Op, result: unknown, task: Task | undefined): string {
  switch (op.op) {
    case 'send':
      return result === undefined ? 'sent' : `sent, with ${result}`;
    case 'recv':
      return result === undefined ? 'end' : `got ${result}`;
    case 'trySend':
      return result === true ? 'sent' : 'declined';
    case 'tryRecv':
      return result === undefined ? 'declined' : `got ${result}`;
    case 'select':
      return chosenAs(op, result as { readonly case: string; readonly value: unknown });
    case 'lock':
    case 'tryLock':
      if (result === undefined) return 'declined';
      task!.held = result as { unlock(): void };
      return 'locked';
    case 'unlock':
      task!.held!.unlock();
      task!.held = undefined;
      return 'unlocked';
    case 'close':
      return 'closed';
    case 'cancel':
      return 'canceled';
    case 'onDone':
      return String(result);
  }
}

function chosenAs(
  op: Extract<Op, { op: 'select' }>,
  chosen: { readonly case: string; readonly value: unknown },
): string {
  if (chosen.case === 'otherwise') return 'otherwise';
  const kind = op.cases[Number(chosen.case.slice('case '.length))]!.op;
  if (kind === 'done') return `${chosen.case}: ${thrownAs(chosen.value)}`;
  if (kind === 'send') return `${chosen.case}: sent`;
  return `${chosen.case}: ${chosen.value === undefined ? 'end' : `got ${chosen.value}`}`;
}

function thrownAs(error: unknown): string {
  if (!isStatusError(error)) throw error;
  return error.code === 'canceled' ? `ended by ${String(error.cause)}` : error.reason;
}
