import type { Context } from '../../concurrency/index.ts';
import { type RetryBudget, type RetryBudgetSnapshot, retryBudget } from '../../guard/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import { guardDefaults } from '../defaults.ts';
import type { Handler, MethodInfo, Middleware } from '../method.ts';
import { type ClientGuardOptions, guardOf, type MethodGuardOptions } from './client-guard-options.ts';
import { withClientSettings } from './client-settings.ts';
import { isStream, UntouchedStream, withFirstMessage } from './first-message.ts';
import type { GuardSettings } from './guard-config.ts';
import { guardSettingsOf } from './live-guard.ts';
import { MethodGuard, type MethodGuardSnapshot } from './method-guard.ts';

/** What the console shows of a client's guard. */
export interface ClientGuardSnapshot {
  readonly targets: readonly { readonly target: string; readonly budget: RetryBudgetSnapshot }[];
  readonly methods: readonly MethodGuardSnapshot[];
}

/** For a client of many servers: how to tell from the input which one is called. */
export interface GuardRoute<I> {
  /** The server: few of them, never with an id in it. */
  targetOf(input: I): string;
  /** Whether the input can be sent again. */
  isReplayable(input: I): boolean;
}

/**
 * Keeps calls from making a bad moment worse: deadline ▸ retries and hedges ▸ for each try a breaker ▸ what is within.
 * Clients have one unless told otherwise; make one yourself to change its numbers while it runs, or to share it.
 */
export interface ClientGuard {
  /** For the methods of one target. `own` stands above the guard's options for that method, `contract` below all of them. */
  middleware(target: string, own?: MethodGuardOptions, contract?: MethodGuardOptions): Middleware;
  /** The same for a client whose input says which server it is for. */
  routed<I>(route: GuardRoute<I>): Middleware;
  /**
   * Changes what is named at once, for calls that begin from now on; what was learned stays. Throws a RangeError for a
   * number out of its range.
   */
  configure(change: ClientGuardOptions): void;
  snapshot(): ClientGuardSnapshot;
}

/** Throws a RangeError for a number out of its range. */
export function clientGuard(options: ClientGuardOptions = {}): ClientGuard {
  return new Guard(options);
}

/** More servers than this, and the one that was met first is forgotten; its numbers start afresh. */
const maxTargets = 256;
const maxMethods = 1_000;
/** A client may be used before its app starts: so many calls are asked whether they belong to one. */
const maxAsked = 1_000;

class Guard implements ClientGuard {
  /** What the code says; the settings of the app stand above it. */
  #own: ClientGuardOptions;
  #settings: GuardSettings = {};
  #options: ClientGuardOptions;
  #unasked = maxAsked;
  readonly #targets = new Map<string, Target>();
  /** Checks what no method has taken yet. */
  readonly #probe: MethodGuard;

  constructor(options: ClientGuardOptions) {
    this.#own = options;
    this.#options = options;
    const target = new Target('', options);
    this.#probe = new MethodGuard(target, probed, guardOf('', options));
    this.#check(options);
  }

  middleware(targetName: string, own?: MethodGuardOptions, contract?: MethodGuardOptions): Middleware {
    return <I, O>(next: Handler<I, O>, info: MethodInfo): Handler<I, O> => {
      const guard = this.#target(targetName).guardOf(keyOf(info), info, this.#options, { own, contract });
      const step = answersWithStream(info) ? withFirstMessage(next) : next;
      if (info.kind === 'unary' || info.kind === 'server_stream') {
        return (ctx, input) => {
          if (this.#unasked > 0) this.#ask(ctx);
          return guard.call(ctx, input, step, always);
        };
      }
      return (ctx, input) => {
        if (this.#unasked > 0) this.#ask(ctx);
        if (!isStream(input)) return guard.call(ctx, input, step, always);
        return guard.call(ctx, new UntouchedStream(input) as I, step, isUntouched);
      };
    };
  }

  routed<R>({ targetOf, isReplayable }: GuardRoute<R>): Middleware {
    return <I, O>(next: Handler<I, O>, info: MethodInfo): Handler<I, O> => {
      const mayReplay = isReplayable as (input: unknown) => boolean;
      const key = keyOf(info);
      return (ctx, input) => {
        if (this.#unasked > 0) this.#ask(ctx);
        const guard = this.#target(targetOf(input as unknown as R)).guardOf(key, info, this.#options);
        return guard.call(ctx, input, next, mayReplay);
      };
    };
  }

  configure(change: ClientGuardOptions): void {
    const own = { ...this.#own, ...change, methods: { ...this.#own.methods, ...change.methods } };
    this.#take(withClientSettings(own, this.#settings));
    this.#own = own;
  }

  #take(options: ClientGuardOptions): void {
    this.#check(options);
    this.#options = options;
    for (const target of this.#targets.values()) target.configure(options);
  }

  /** Whether the call comes from an app whose settings may change: then they are followed from now on. */
  #ask(ctx: Context): void {
    this.#unasked--;
    const live = guardSettingsOf(ctx);
    if (live === undefined) return;
    this.#unasked = 0;
    for (const section of ['breaker', 'retry', 'hedge'] as const) {
      const apply = (given: object) => {
        const settings = { ...this.#settings, [section]: given };
        this.#take(withClientSettings(this.#own, settings));
        this.#settings = settings;
      };
      live.follow(section, apply, (error) =>
        telemetryOf(ctx).log.error(ctx, `guard.${section} of a client is as the code has it`, { error }),
      );
    }
  }

  snapshot(): ClientGuardSnapshot {
    const targets = [...this.#targets.values()];
    return {
      targets: targets.map(({ name, budget }) => ({ target: name, budget: budget.snapshot() })),
      methods: targets.flatMap((target) => target.snapshots()),
    };
  }

  #check(options: ClientGuardOptions): void {
    retryBudget(budgetOf(options));
    for (const method of ['', ...Object.keys(options.methods ?? {})]) this.#probe.configure(guardOf(method, options));
  }

  #target(name: string): Target {
    const known = this.#targets.get(name);
    if (known !== undefined) return known;
    if (this.#targets.size >= maxTargets)
      for (const oldest of this.#targets.keys()) {
        this.#targets.delete(oldest);
        break;
      }
    const target = new Target(name, this.#options);
    this.#targets.set(name, target);
    return target;
  }
}

/** What surrounds the guard's options of one method. */
interface Layers {
  readonly own?: MethodGuardOptions | undefined;
  readonly contract?: MethodGuardOptions | undefined;
}

interface Guarded {
  readonly guard: MethodGuard;
  readonly layers: Layers;
  readonly method: string;
}

/** One server: a budget for all its methods, and a guard for each. */
class Target {
  readonly name: string;
  readonly budget: RetryBudget;
  readonly random: () => number;
  readonly #methods = new Map<string, Guarded>();

  constructor(name: string, options: ClientGuardOptions) {
    this.name = name;
    this.budget = retryBudget(budgetOf(options));
    this.random = options.random ?? Math.random;
  }

  guardOf(key: string, info: MethodInfo, options: ClientGuardOptions, layers: Layers = {}): MethodGuard {
    const known = this.#methods.get(key);
    if (known !== undefined) return known.guard;
    const guard = new MethodGuard(this, info, guardOf(info.method, options, layers.own, layers.contract));
    if (this.#methods.size < maxMethods) this.#methods.set(key, { guard, layers, method: info.method });
    return guard;
  }

  configure(options: ClientGuardOptions): void {
    this.budget.configure(budgetOf(options));
    for (const { guard, layers, method } of this.#methods.values())
      guard.configure(guardOf(method, options, layers.own, layers.contract));
  }

  snapshots(): MethodGuardSnapshot[] {
    return [...this.#methods.values()].map(({ guard }) => guard.snapshot());
  }
}

function keyOf({ service, method, kind }: MethodInfo): string {
  return `${service}/${method} ${kind}`;
}

function budgetOf({ budget = {} }: ClientGuardOptions) {
  const { share, reserve } = guardDefaults.retry;
  return { share, reserve, ...budget };
}

function answersWithStream({ kind }: MethodInfo): boolean {
  return kind === 'server_stream' || kind === 'bidi_stream';
}

const always = () => true;

function isUntouched(input: unknown): boolean {
  return !(input instanceof UntouchedStream) || !input.isTouched;
}

const probed: MethodInfo = {
  service: '',
  method: '',
  kind: 'unary',
  side: 'client',
  transport: 'rpc',
  idempotent: true,
  timeoutMs: 0,
};
