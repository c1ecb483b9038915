import { type DescMethod, getOption, hasOption } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type { Priority } from '../call/index.ts';
import { fieldsOf, withFields } from '../call/index.ts';
import type { MethodGuardOptions, Middleware } from '../service/index.ts';
import { Priority as PriorityOption, method as policyOption } from './gen/flotilla/v1/options_pb.ts';

/** What the contract says of how a method is called: the option `flotilla.v1.method` of the .proto file. */
export interface MethodContract {
  readonly timeoutMs: number | undefined;
  /** Of a call that says nothing itself. */
  readonly priority: Priority | undefined;
  readonly guard: MethodGuardOptions;
}

/** Throws a RangeError or TypeError that names the method and the option for what no client could do. */
export function methodContract(desc: DescMethod): MethodContract {
  if (!hasOption(desc, policyOption)) return nothing;
  const { timeoutMs, priority, hedge, maxAttempts } = getOption(desc, policyOption);
  const where = `${desc.parent.typeName}/${desc.name}: option (flotilla.v1.method)`;
  if (maxAttempts !== undefined && (maxAttempts < 1 || maxAttempts > maxRetryAttempts))
    throw new RangeError(`${where}.max_attempts is ${maxAttempts}; give 1 to ${maxRetryAttempts}, 1 for no repetition`);
  if (hedge === true) checkHedge(`${where}.hedge`, desc);
  return {
    timeoutMs,
    priority: priorityNames.get(priority),
    guard: {
      ...(hedge !== undefined && { hedge }),
      ...(maxAttempts !== undefined && { retry: { maxAttempts } }),
    },
  };
}

/** Refuses what would be left out in silence: only some methods can be asked of two servers at once. */
export function checkHedge(where: string, desc: DescMethod): void {
  if (desc.methodKind !== 'unary')
    throw new TypeError(`${where}: only methods with one request and one answer can be hedged`);
  if (desc.idempotency === MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN)
    throw new TypeError(
      `${where}: two servers would run it; say in the .proto file that it is safe: option idempotency_level = IDEMPOTENT or NO_SIDE_EFFECTS`,
    );
}

/** What says how long a call may last, the strongest first; undefined says nothing. */
export interface TimeLimits {
  /** What the code says of this method. */
  readonly own: number | undefined;
  /** What it says of all methods that answer with one message. */
  readonly general: number | undefined;
  readonly contract: MethodContract;
  readonly fallbackMs: number;
}

/** The one order in which limits hold: the code's before the contract's before the default. A stream has no default. */
export function timeoutOf(desc: DescMethod, { own, general, contract, fallbackMs }: TimeLimits): number {
  const answersOnce = desc.methodKind === 'unary' || desc.methodKind === 'client_streaming';
  if (!answersOnce) return own ?? contract.timeoutMs ?? 0;
  return own ?? general ?? contract.timeoutMs ?? fallbackMs;
}

/** Gives calls of a client that say nothing of their priority that of the contract. None where there is nothing to do. */
export function prioritised({ priority }: MethodContract): readonly Middleware[] {
  if (priority === undefined) return [];
  return [
    (next) => (ctx, input) => next(fieldsOf(ctx).priority === 'default' ? withFields(ctx, { priority }) : ctx, input),
  ];
}

/** As `retryPolicy` takes it. */
const maxRetryAttempts = 10;

const nothing: MethodContract = { timeoutMs: undefined, priority: undefined, guard: {} };

const priorityNames: ReadonlyMap<PriorityOption, Priority> = new Map([
  [PriorityOption.CRITICAL, 'critical'],
  [PriorityOption.SHEDDABLE, 'sheddable'],
  [PriorityOption.BACKGROUND, 'background'],
]);
