import type { CallHead } from '../../call/index.ts';
import type { Timer } from '../../concurrency/index.ts';
import type { Balancer, Pick } from '../../discovery/index.ts';
import * as errors from '../../errors/index.ts';
import {
  askAgainMs,
  type Breaker,
  type HedgePolicy,
  type RetryBudget,
  type RetryPolicy,
  type Ticket,
} from '../../guard/index.ts';
import { SimulatedCall, type Target } from './simulated-call.ts';
import type { Simulation } from './simulation.ts';

export interface SimulatedClientOptions {
  /** By the ids of the balancer's instances. */
  readonly nodes: ReadonlyMap<string, Target>;
  /** Chooses one for each try, from the list that it was last given with `update`. */
  readonly balancer: Balancer;
  /** Asked before each try. Default: none. */
  readonly breaker?: Breaker;
  /** Default: no call is tried again. */
  readonly retry?: RetryPolicy;
  /** Pays for retries and hedges. Default: none, there may be as many as `retry` says. */
  readonly budget?: RetryBudget;
  /** Default: none. */
  readonly hedge?: HedgePolicy;
  /** How long one try may take. Default: as long as the call. */
  readonly tryTimeoutMs?: number;
  /** Whether repeating does no harm. Default: true. */
  readonly isIdempotent?: boolean;
}

/** What a client did so far. */
export interface SimulatedClient extends Target {
  readonly calls: number;
  /** Tries that went out to a node. */
  readonly tries: number;
  readonly retries: number;
  readonly hedges: number;
  /** Tries that the breaker refused. */
  readonly refused: number;
}

/**
 * A caller with what callers have: a balancer, a breaker, retries within a budget, hedging. A call ends at its deadline,
 * whatever goes on below; the tries of a call that has ended are given up.
 */
export function simulatedClient(world: Simulation, options: SimulatedClientOptions): SimulatedClient {
  return new Client(world, options);
}

class Client implements SimulatedClient {
  calls = 0;
  tries = 0;
  retries = 0;
  hedges = 0;
  refused = 0;
  readonly world: Simulation;
  readonly options: SimulatedClientOptions;

  constructor(world: Simulation, options: SimulatedClientOptions) {
    this.world = world;
    this.options = options;
  }

  send(call: SimulatedCall): void {
    this.calls++;
    // A call that is a retry earns nothing: else each tier would add its share to that of the tiers above.
    if (call.head.fields.attempt === 0) this.options.budget?.deposit();
    new OutboundCall(this, call).start();
  }
}

/** One call with all its tries. */
class OutboundCall {
  readonly #client: Client;
  readonly #call: SimulatedCall;
  readonly #tried: string[] = [];
  readonly #open = new Set<Try>();
  #timer: Timer | undefined;
  #hedgeTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #attempts = 0;

  constructor(client: Client, call: SimulatedCall) {
    this.#client = client;
    this.#call = call;
  }

  start(): void {
    const { clock } = this.#client.world;
    const { deadline } = this.#call;
    if (deadline !== Number.POSITIVE_INFINITY) {
      this.#timer = clock.at(deadline, () => this.#end(expired('the call'), this.#call.node));
    }
    this.#try();
    const delayMs = this.#client.options.hedge?.begin();
    if (delayMs !== undefined && !this.#call.ended) this.#hedgeAfter(delayMs, delayMs);
  }

  #hedgeAfter(waitMs: number, tookMs: number): void {
    this.#hedgeTimer = this.#client.world.clock.after(waitMs, () => this.#hedge(tookMs));
  }

  #hedge(tookMs: number): void {
    const { hedge, budget } = this.#client.options;
    if (this.#open.size === 0) return;
    if (hedge?.withdraw(budget) === false) {
      const waitMs = askAgainMs(tookMs);
      this.#hedgeAfter(waitMs, tookMs + waitMs);
      return;
    }
    this.#client.hedges++;
    this.#try();
  }

  #try(): void {
    const client = this.#client;
    const { breaker, balancer, nodes } = client.options;
    this.#attempts++;
    const ticket = breaker?.allow();
    if (ticket !== undefined && !ticket.admitted) {
      client.refused++;
      this.#failed(ticket.error);
      return;
    }
    const head = this.#head();
    let pick: Pick;
    try {
      pick = balancer.pick(head, this.#tried);
    } catch (error) {
      ticket?.done({ error: errors.from(error), durationMs: 0 });
      this.#failed(errors.from(error));
      return;
    }
    client.tries++;
    this.#tried.push(pick.node.id);
    this.#call.attempts = this.#attempts;
    const hedge = this.#attempts === 1 ? client.options.hedge : undefined;
    const attempt = new Try(client, pick, ticket, hedge, (error) => {
      this.#open.delete(attempt);
      if (error === undefined) this.#end(undefined, pick.node.id);
      else this.#failed(error);
    });
    this.#open.add(attempt);
    attempt.send(nodes.get(pick.node.id)!, head, this.#call.deadline);
  }

  /** As it goes out: with the time that is left, and the number of the try. */
  #head(): CallHead {
    const { head, deadline } = this.#call;
    const left = deadline - this.#client.world.clock.now();
    const { tryTimeoutMs = left } = this.#client.options;
    const shortest = Math.min(left, tryTimeoutMs);
    const timeoutMs = shortest === Number.POSITIVE_INFINITY ? undefined : shortest;
    if (this.#attempts === 1) return { ...head, timeoutMs };
    return { ...head, timeoutMs, fields: { ...head.fields, attempt: head.fields.attempt + this.#attempts - 1 } };
  }

  #failed(error: errors.StatusError): void {
    if (this.#call.ended || this.#open.size > 0) return;
    const { retry, budget, isIdempotent = true } = this.#client.options;
    const { head, deadline } = this.#call;
    const { clock } = this.#client.world;
    const verdict = retry?.decide({
      error,
      attempt: this.#attempts,
      isRetry: head.fields.attempt > 0,
      idempotent: isIdempotent,
      remainingMs: deadline - clock.now(),
      typicalMs: 0,
    });
    if (verdict?.retry !== true || (!verdict.isFree && budget?.withdraw() === false)) {
      this.#end(error, this.#tried.at(-1) ?? '');
      return;
    }
    this.#client.retries++;
    this.#retryTimer = clock.after(verdict.waitMs, () => this.#try());
  }

  #end(error: errors.StatusError | undefined, node: string): void {
    if (this.#call.ended) return;
    this.#timer?.stop();
    this.#hedgeTimer?.stop();
    this.#retryTimer?.stop();
    for (const attempt of this.#open) attempt.giveUp(error);
    this.#open.clear();
    this.#call.node = node;
    this.#call.reply(error);
  }
}

/** One try: tells the balancer, the breaker and the hedge how it ended, exactly once. */
class Try {
  readonly #client: Client;
  readonly #pick: Pick;
  readonly #ticket: Ticket | undefined;
  readonly #hedge: HedgePolicy | undefined;
  readonly #ended: (error: errors.StatusError | undefined) => void;
  #call: SimulatedCall | undefined;
  #timer: Timer | undefined;
  #sentAt = 0;

  constructor(
    client: Client,
    pick: Pick,
    ticket: Ticket | undefined,
    hedge: HedgePolicy | undefined,
    ended: (error: errors.StatusError | undefined) => void,
  ) {
    this.#client = client;
    this.#pick = pick;
    this.#ticket = ticket;
    this.#hedge = hedge;
    this.#ended = ended;
  }

  send(target: Target, head: CallHead, deadline: number): void {
    const { clock } = this.#client.world;
    const { tryTimeoutMs } = this.#client.options;
    this.#sentAt = clock.now();
    const own = tryTimeoutMs === undefined ? deadline : Math.min(deadline, this.#sentAt + tryTimeoutMs);
    const call = new SimulatedCall(head, this.#sentAt, own, (error) => {
      this.#learn(error);
      this.#ended(error);
    });
    this.#call = call;
    if (own < deadline) this.#timer = clock.at(own, () => call.reply(expired('the try')));
    target.send(call);
  }

  /** The call has ended without it: by another try's success, or at its deadline. */
  giveUp(error: errors.StatusError | undefined): void {
    this.#call?.cancel();
    this.#learn(error ?? new errors.StatusError('canceled', 'another try was faster'));
  }

  #learn(error: errors.StatusError | undefined): void {
    const durationMs = this.#client.world.clock.now() - this.#sentAt;
    this.#timer?.stop();
    this.#pick.done({ error, durationMs });
    this.#ticket?.done({ error, durationMs });
    if (error === undefined || error.code === 'canceled') this.#hedge?.record(durationMs);
  }
}

function expired(what: string): errors.StatusError {
  return new errors.StatusError('deadline_exceeded', `${what} took longer than its caller waits`);
}
