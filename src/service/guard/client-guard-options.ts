import type {
  Breaker,
  ConsecutiveBreakerOptions,
  HedgeOptions,
  RatioBreakerOptions,
  RetryBudgetOptions,
  RetryOptions,
  SreThrottleOptions,
} from '../../guard/index.ts';

type Own<O> = Omit<O, 'clock' | 'random' | 'name'>;

/** Which breaker, and with which numbers of its own; `kind` defaults to the throttle. */
export type BreakerChoice =
  | ({ readonly kind?: 'throttle' } & Own<SreThrottleOptions>)
  | ({ readonly kind: 'consecutive' } & Own<ConsecutiveBreakerOptions>)
  | ({ readonly kind: 'ratio' } & Own<RatioBreakerOptions>);

/** What guards the calls of one method. */
export interface MethodGuardOptions {
  /**
   * Leaves a server alone whose calls of this method fail. False: never. A function makes one of your own. Default: the
   * throttle of Google's SRE book.
   */
  readonly breaker?: false | BreakerChoice | (() => Breaker);
  /** Repeats what failed where that is safe. False: never. Default: at most 3 tries within a budget of 10 %. */
  readonly retry?: false | Own<RetryOptions>;
  /**
   * Asks a second server when the first takes longer than 95 % of calls do, and takes the quicker answer: for idempotent
   * methods that answer with one message. Default: false.
   */
  readonly hedge?: boolean | HedgeOptions;
}

/** What guards the calls of a client: for all methods, and in `methods` for some of them. */
export interface ClientGuardOptions extends MethodGuardOptions {
  /** How many calls retries and hedges may add to those that were asked for, over all methods of a server. */
  readonly budget?: RetryBudgetOptions;
  /** By the name of the method (`GetRoom`), or of the operation of an HTTP client: what differs there. Default: nothing. */
  readonly methods?: Readonly<Record<string, MethodGuardOptions>>;
  /** For the throttle's chance and the jitter of waits: from 0 to below 1. Default: Math.random. */
  readonly random?: () => number;
}

/** What holds for one method: its own options above those of the client above its contract's above the defaults. */
export function guardOf(
  method: string,
  options: ClientGuardOptions,
  own: MethodGuardOptions = {},
  contract: MethodGuardOptions = {},
): MethodGuardOptions {
  const named = options.methods?.[method] ?? {};
  return {
    breaker: own.breaker ?? named.breaker ?? options.breaker ?? contract.breaker ?? {},
    retry: merged({}, contract.retry, options.retry, named.retry, own.retry),
    hedge: merged(false, contract.hedge, options.hedge, named.hedge, own.hedge),
  };
}

/** `false` turns off what stands before it, an object adds to it. */
function merged<O extends object>(base: boolean | O, ...layers: (boolean | O | undefined)[]): false | O {
  let result: boolean | O = base;
  for (const layer of layers) {
    if (layer === undefined) continue;
    result = typeof layer === 'object' && typeof result === 'object' ? { ...result, ...layer } : layer;
  }
  return result === true ? ({} as O) : result;
}
