import type { CaseOp, Effect, Op, Program } from './program.ts';

/** What the real tools did differs from everything that the model allows. */
export class Divergence extends Error {}

/** One thing that may happen. */
interface Option {
  readonly outcome: string;
  apply(): void;
}

/**
 * What comes out of a wait. More than one outcome only for a select that names a channel twice: which of the two cases
 * was done shows where the value arrives or where the select goes on, whichever is seen first.
 */
class Parcel {
  #choices: readonly { readonly outcome: string; readonly value?: number }[];

  constructor(choices: readonly { readonly outcome: string; readonly value?: number }[]) {
    this.#choices = choices;
  }

  get outcomes(): string[] {
    return this.#choices.map(({ outcome }) => outcome);
  }

  get values(): number[] {
    return this.#choices.map(({ value }) => value!);
  }

  keepOutcome(outcome: string): void {
    this.#choices = this.#choices.filter((choice) => choice.outcome === outcome);
  }

  keepValue(value: number): void {
    this.#choices = this.#choices.filter((choice) => choice.value === value);
  }
}

interface ModelChan {
  readonly cap: number;
  isClosed: boolean;
  buffer: Parcel[];
  senders: { readonly task: number; readonly parcel: Parcel }[];
  /** `cases` are those of a select; none for a plain recv. */
  receivers: { readonly task: number; readonly cases: readonly string[] }[];
}

type Listener =
  | { readonly task: number; readonly outcomes: (cause: string) => string[] }
  | { readonly child: ModelContext }
  | { readonly effect: Effect; readonly value: number };

interface ModelContext {
  readonly parent: ModelContext | undefined;
  cause: string | undefined;
  isTold: boolean;
  /** In the order in which they are told. */
  listeners: Listener[];
}

/**
 * The specification: queues that are plain arrays, and of every operation all outcomes that it may have at this moment.
 * It has no promises, so a wait that is over is over at once. The real outcome picks among those allowed.
 */
export class Model {
  readonly channels: readonly ModelChan[];
  readonly #contexts: ModelContext[] = [];
  readonly #doneOf: ModelContext;
  #isLocked = false;
  #lockers: number[] = [];
  /** Whose waits are over, in that order, and what they may come out with. */
  #resumed: { readonly task: number; readonly parcel: Parcel }[] = [];
  readonly #parked = new Set<number>();
  /** What the functions registered with contexts came to in the real run, in the order of their calls. */
  effects: string[] = [];

  constructor({ capacities, parents, doneOf }: Program) {
    this.channels = capacities.map((cap) => ({ cap, isClosed: false, buffer: [], senders: [], receivers: [] }));
    for (const parent of [undefined, ...parents])
      this.#contexts.push({
        parent: parent === undefined ? undefined : this.#contexts[parent],
        cause: undefined,
        isTold: false,
        listeners: [],
      });
    this.#doneOf = this.#contexts[doneOf]!;
  }

  /** Which tasks wait for something that has not happened. */
  get parked(): ReadonlySet<number> {
    return this.#parked;
  }

  /** How many waits are over and have not been seen to go on. */
  get awaited(): number {
    return this.#resumed.length;
  }

  /** Does what the real tools were seen to do with `op`, if that is allowed. */
  perform(task: number, op: Op, value: number, outcome: string): void {
    const options = this.#options(task, op, value);
    const chosen = options.find((option) => option.outcome === outcome);
    if (chosen === undefined)
      throw new Divergence(`it came to "${outcome}", allowed: ${options.map((option) => `"${option.outcome}"`)}`);
    chosen.apply();
  }

  /** A wait was seen to go on. */
  completed(task: number, outcome: string): void {
    const next = this.#resumed.shift();
    if (next === undefined) throw new Divergence(`task ${task} went on with "${outcome}", but has to wait`);
    const { outcomes } = next.parcel;
    if (next.task !== task)
      throw new Divergence(`task ${task} went on with "${outcome}" before task ${next.task} with "${outcomes}"`);
    if (!outcomes.includes(outcome))
      throw new Divergence(`task ${task} went on with "${outcome}", allowed: ${outcomes}`);
    next.parcel.keepOutcome(outcome);
  }

  /** Whose waits are over. */
  describeAwaited(): string {
    return this.#resumed.map(({ task, parcel }) => `task ${task} with "${parcel.outcomes}"`).join(', ');
  }

  #options(task: number, op: Op, value: number): Option[] {
    switch (op.op) {
      case 'send':
        return this.#unlessDone(op.ctx, () => {
          const chan = this.#chan(op.chan);
          return this.#orPark(this.#give(chan, value), task, op.ctx, () =>
            chan.senders.push({ task, parcel: new Parcel([{ outcome: 'sent', value }]) }),
          );
        });
      case 'recv':
        return this.#unlessDone(op.ctx, () => {
          const chan = this.#chan(op.chan);
          return this.#orPark(this.#take(chan), task, op.ctx, () => chan.receivers.push({ task, cases: [''] }));
        });
      case 'trySend':
        return orElse(this.#give(this.#chan(op.chan), value), 'declined');
      case 'tryRecv':
        return orElse(
          this.#take(this.#chan(op.chan)).filter(({ outcome }) => outcome !== 'end'),
          'declined',
        );
      case 'close':
        return [this.#close(this.#chan(op.chan))];
      case 'select':
        return this.#unlessDone(op.ctx, () => this.#select(task, op, value));
      case 'lock':
        return this.#unlessDone(op.ctx, () =>
          this.#orPark(this.#lock('locked'), task, op.ctx, () => this.#lockers.push(task)),
        );
      case 'tryLock':
        return orElse(this.#lock('locked'), 'declined');
      case 'unlock':
        return [{ outcome: 'unlocked', apply: () => this.#unlock() }];
      case 'cancel':
        return [{ outcome: 'canceled', apply: () => this.cancel(op.ctx, `cancel of ${op.ctx}`) }];
      case 'onDone': {
        const ctx = this.#contexts[op.ctx]!;
        if (ctx.cause !== undefined) return [{ outcome: 'too late', apply() {} }];
        return [{ outcome: 'registered', apply: () => enter(ctx, { effect: op.effect, value }) }];
      }
    }
  }

  // Channels

  #chan(index: number): ModelChan {
    return this.channels[index % this.channels.length]!;
  }

  /** All ways to receive now; none if it has to wait. */
  #take(chan: ModelChan): Option[] {
    const [stored] = chan.buffer;
    const [sender] = chan.senders;
    const parcel = stored ?? sender?.parcel;
    if (parcel === undefined) return chan.isClosed ? [{ outcome: 'end', apply() {} }] : [];
    return parcel.values.map((value) => ({
      outcome: `got ${value}`,
      apply: () => {
        parcel.keepValue(value);
        if (stored !== undefined) {
          chan.buffer.shift();
          if (sender !== undefined) chan.buffer.push(sender.parcel);
        }
        if (sender !== undefined) this.#resume(sender.task, sender.parcel);
      },
    }));
  }

  /** The way to send now; none if it has to wait. */
  #give(chan: ModelChan, value: number): Option[] {
    const [receiver] = chan.receivers;
    if (chan.isClosed) return [{ outcome: 'CHANNEL_CLOSED', apply() {} }];
    if (receiver !== undefined) {
      const outcomes = receiver.cases.map((name) => ({ outcome: `${name}got ${value}` }));
      return [{ outcome: 'sent', apply: () => this.#resume(receiver.task, new Parcel(outcomes)) }];
    }
    if (chan.buffer.length >= chan.cap) return [];
    return [{ outcome: 'sent', apply: () => chan.buffer.push(new Parcel([{ outcome: 'sent', value }])) }];
  }

  #close(chan: ModelChan): Option {
    if (chan.isClosed) return { outcome: 'CHANNEL_CLOSED', apply() {} };
    return {
      outcome: 'closed',
      apply: () => {
        chan.isClosed = true;
        for (const { task, cases } of [...chan.receivers])
          if (this.#parked.has(task)) this.#resume(task, new Parcel(cases.map((name) => ({ outcome: `${name}end` }))));
        for (const { task } of [...chan.senders])
          if (this.#parked.has(task)) this.#resume(task, new Parcel([{ outcome: 'CHANNEL_CLOSED' }]));
      },
    };
  }

  // Selects

  #select(task: number, op: Extract<Op, { op: 'select' }>, value: number): Option[] {
    const ready = op.cases.flatMap((each, i) => this.#ready(each, `case ${i}: `, value + i));
    if (op.otherwise) return orElse(ready, 'otherwise');
    return this.#orPark(ready, task, op.ctx, () => this.#enterCases(task, op.cases, value));
  }

  #ready(each: CaseOp, name: string, value: number): Option[] {
    if (each.op === 'nil') return [];
    if (each.op === 'done') {
      const { cause } = this.#doneOf;
      return cause === undefined ? [] : [{ outcome: `${name}ended by ${cause}`, apply() {} }];
    }
    const chan = this.#chan(each.chan);
    const options = each.op === 'send' ? this.#give(chan, value) : this.#take(chan);
    return options.map(({ outcome, apply }) => ({
      outcome: outcome === 'CHANNEL_CLOSED' ? outcome : `${name}${outcome}`,
      apply,
    }));
  }

  #enterCases(task: number, cases: readonly CaseOp[], value: number): void {
    const named = (wanted: (each: CaseOp) => boolean) =>
      cases.flatMap((each, i) => (wanted(each) ? [{ name: `case ${i}: `, value: value + i }] : []));
    for (const chan of this.channels) {
      const on = (op: 'send' | 'recv') => named((each) => each.op === op && this.#chan(each.chan) === chan);
      const sends = on('send').map(({ name, value }) => ({ outcome: `${name}sent`, value }));
      const recvs = on('recv').map(({ name }) => name);
      if (sends.length > 0) chan.senders.push({ task, parcel: new Parcel(sends) });
      if (recvs.length > 0) chan.receivers.push({ task, cases: recvs });
    }
    const dones = named((each) => each.op === 'done');
    if (dones.length > 0)
      enter(this.#doneOf, { task, outcomes: (cause) => dones.map(({ name }) => `${name}ended by ${cause}`) });
  }

  // The mutex

  #lock(outcome: string): Option[] {
    if (this.#isLocked) return [];
    return [
      {
        outcome,
        apply: () => {
          this.#isLocked = true;
        },
      },
    ];
  }

  #unlock(): void {
    const [next] = this.#lockers;
    if (next === undefined) this.#isLocked = false;
    else this.#resume(next, new Parcel([{ outcome: 'locked' }]));
  }

  // Waiting and contexts

  #unlessDone(ctx: number, options: () => Option[]): Option[] {
    const { cause } = this.#contexts[ctx]!;
    return cause === undefined ? options() : [{ outcome: `ended by ${cause}`, apply() {} }];
  }

  #orPark(ready: Option[], task: number, ctx: number, enterQueues: () => void): Option[] {
    if (ready.length > 0) return ready;
    const apply = () => {
      this.#parked.add(task);
      enterQueues();
      enter(this.#contexts[ctx]!, { task, outcomes: (cause) => [`ended by ${cause}`] });
    };
    return [{ outcome: 'waits', apply }];
  }

  /** Its wait is over: it leaves everything that it waited on. */
  #resume(task: number, parcel: Parcel): void {
    this.#parked.delete(task);
    for (const chan of this.channels) {
      chan.senders = chan.senders.filter((sender) => sender.task !== task);
      chan.receivers = chan.receivers.filter((receiver) => receiver.task !== task);
    }
    this.#lockers = this.#lockers.filter((locker) => locker !== task);
    for (const ctx of this.#contexts) leave(ctx, (listener) => 'task' in listener && listener.task === task);
    this.#resumed.push({ task, parcel });
  }

  /** Ends a context and those below it that have not ended, then tells those who listen. */
  cancel(index: number, cause: string): void {
    const ctx = this.#contexts[index]!;
    for (const each of this.#contexts) if (each.cause === undefined && isWithin(each, ctx)) each.cause = cause;
    this.#tell(ctx);
  }

  /** Ancestors whose end is known already tell first. */
  #tell(ctx: ModelContext): void {
    if (ctx.isTold) return;
    if (ctx.parent?.cause !== undefined) this.#tell(ctx.parent);
    if (ctx.isTold) return;
    ctx.isTold = true;
    if (ctx.parent !== undefined) leave(ctx.parent, (listener) => 'child' in listener && listener.child === ctx);
    for (let listener = ctx.listeners.shift(); listener !== undefined; listener = ctx.listeners.shift()) {
      if ('child' in listener) this.#tell(listener.child);
      else if ('effect' in listener) this.#effect(listener.effect, listener.value);
      else this.#resume(listener.task, new Parcel(listener.outcomes(ctx.cause!).map((outcome) => ({ outcome }))));
    }
  }

  #effect(effect: Effect, value: number): void {
    const outcome = this.effects.shift();
    if (outcome === undefined) throw new Divergence(`the registered ${effect.op} was not called`);
    this.perform(-1, effect, value, outcome);
  }
}

function orElse(ready: Option[], otherwise: string): Option[] {
  return ready.length > 0 ? ready : [{ outcome: otherwise, apply() {} }];
}

function isWithin(ctx: ModelContext | undefined, ancestor: ModelContext): boolean {
  return ctx !== undefined && (ctx === ancestor || isWithin(ctx.parent, ancestor));
}

/** Listens. The first listener makes the context itself listen to its parent. */
function enter(ctx: ModelContext, listener: Listener): void {
  if (ctx.listeners.length === 0 && ctx.parent !== undefined) enter(ctx.parent, { child: ctx });
  ctx.listeners.push(listener);
}

/** Listens no more. With its last listener the context leaves its parent. */
function leave(ctx: ModelContext, which: (listener: Listener) => boolean): void {
  const kept = ctx.listeners.filter((listener) => !which(listener));
  const left = kept.length < ctx.listeners.length;
  ctx.listeners = kept;
  if (left && kept.length === 0 && ctx.parent !== undefined)
    leave(ctx.parent, (listener) => 'child' in listener && listener.child === ctx);
}
