import fc from 'fast-check';

/** What one task does in one step. Channels and contexts are named by their index. */
export type Op =
  | { readonly op: 'send' | 'recv'; readonly chan: number; readonly ctx: number }
  | { readonly op: 'trySend' | 'tryRecv'; readonly chan: number }
  | { readonly op: 'close'; readonly chan: number }
  | { readonly op: 'select'; readonly ctx: number; readonly cases: readonly CaseOp[]; readonly otherwise: boolean }
  | { readonly op: 'lock'; readonly ctx: number }
  | { readonly op: 'tryLock' | 'unlock' }
  | { readonly op: 'cancel'; readonly ctx: number }
  /** Registers a function that does `effect` within the cancellation of `ctx`. */
  | { readonly op: 'onDone'; readonly ctx: number; readonly effect: Effect };

export type Effect = Extract<Op, { op: 'trySend' | 'tryRecv' | 'cancel' }>;

/** A case of a select. `nil` names no channel. A select waits on the end of one context at most, beside its own. */
export type CaseOp =
  | { readonly op: 'send' | 'recv'; readonly chan: number }
  | { readonly op: 'nil' }
  | { readonly op: 'done' };

/** Which task takes its next step, if it can, and how many turns of promises are waited for afterwards. */
export interface Step {
  readonly task: number;
  readonly hops: number;
}

export interface Program {
  /** One channel each. */
  readonly capacities: readonly number[];
  /** The parent of each context from 1 on. Context 0 is the root, which ends only after the program. */
  readonly parents: readonly number[];
  /** Whether the tasks see contexts that this package did not make. */
  readonly foreign: boolean;
  /** Which context the `done` cases wait on. */
  readonly doneOf: number;
  readonly tasks: readonly (readonly Op[])[];
  /** How the tasks take turns; what is left is done in their order. */
  readonly schedule: readonly Step[];
  /** What select's choices are made from. */
  readonly luck: number;
}

/** This many hops stand for a turn of the event loop. */
export const turnOfTheLoop = 4;

const chan = fc.nat(2);
const ctx = fc.nat(3);

const caseOp: fc.Arbitrary<CaseOp> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constantFrom('send' as const, 'recv' as const), chan }) },
  { weight: 1, arbitrary: fc.constantFrom({ op: 'nil' as const }, { op: 'done' as const }) },
);

const effect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({ op: fc.constantFrom('trySend' as const, 'tryRecv' as const), chan }),
  fc.record({ op: fc.constant('cancel' as const), ctx }),
);

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ op: fc.constantFrom('recv' as const, 'send' as const), chan, ctx }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constantFrom('tryRecv' as const, 'trySend' as const), chan }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('close' as const), chan }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('select' as const),
      ctx,
      cases: fc.array(caseOp, { maxLength: 4 }),
      otherwise: fc.nat(3).map((n) => n === 3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('lock' as const), ctx }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('unlock' as const, 'tryLock' as const) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('cancel' as const), ctx: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('onDone' as const), ctx, effect }) },
);

/** Programs of up to six tasks over one to three channels of capacity 0 to 3, a mutex and a tree of contexts. */
export const programs: fc.Arbitrary<Program> = fc.record({
  capacities: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }),
  parents: fc.tuple(fc.constant(0), fc.nat(1), fc.nat(2)),
  foreign: fc.boolean(),
  doneOf: fc.integer({ min: 1, max: 3 }),
  tasks: fc.array(fc.array(op, { maxLength: 8 }), { minLength: 1, maxLength: 6 }),
  schedule: fc.array(fc.record({ task: fc.nat(5), hops: fc.nat(turnOfTheLoop) }), { maxLength: 40 }),
  luck: fc.nat(),
});
