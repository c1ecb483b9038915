import { type Priority, priorities } from '../../call/index.ts';
import type { BreakerSnapshot, BreakerState } from '../../guard/index.ts';
import type { Counter, Gauge, Telemetry } from '../../observe/index.ts';

const states: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 1, open: 2 };

/** The metrics of one method of one target, in one telemetry; resolved once. */
export class ClientGuardMetrics {
  readonly #admitted: Readonly<Record<Priority, Counter>>;
  readonly #refused: Readonly<Record<Priority, Counter>>;
  readonly #state: Gauge;
  readonly #refusedShare: Gauge;
  readonly #tokens: Gauge;
  readonly #retries: Counter;
  readonly #hedges: Counter;
  readonly #exhausted: Counter;

  constructor({ metrics }: Telemetry, target: string, method: string) {
    const decisions = metrics.counter('guard.decisions', {
      description: 'Calls that a guard let through or refused.',
      unit: '{call}',
      labels: ['guard', 'name', 'priority', 'decision'],
    });
    const decided = (decision: string) =>
      Object.fromEntries(
        priorities.map((priority) => [
          priority,
          decisions.with({ guard: 'breaker', name: method, priority, decision }),
        ]),
      ) as Record<Priority, Counter>;
    this.#admitted = decided('admitted');
    this.#refused = decided('breaker_open');
    const labels = { target, method };
    this.#state = metrics
      .gauge('guard.breaker.state', {
        description: '0 closed, 1 half open or a share refused, 2 open.',
        labels: ['target', 'method'],
      })
      .with(labels);
    this.#refusedShare = metrics
      .gauge('guard.breaker.refused', { description: 'The share of calls refused now.', labels: ['target', 'method'] })
      .with(labels);
    this.#tokens = metrics
      .gauge('guard.retry.tokens', { description: 'Further tries that the budget has left.', labels: ['target'] })
      .with({ target });
    const tries = metrics.counter('guard.retries', {
      description: 'Further tries, and those that the budget did not pay.',
      unit: '{call}',
      labels: ['target', 'kind'],
    });
    this.#retries = tries.with({ target, kind: 'retry' });
    this.#hedges = tries.with({ target, kind: 'hedge' });
    this.#exhausted = tries.with({ target, kind: 'exhausted' });
  }

  decided(isAdmitted: boolean, priority: Priority): void {
    (isAdmitted ? this.#admitted : this.#refused)[priority].add();
  }

  tried(kind: 'retry' | 'hedge' | 'exhausted', tokens: number): void {
    (kind === 'retry' ? this.#retries : kind === 'hedge' ? this.#hedges : this.#exhausted).add();
    this.#tokens.set(tokens);
  }

  breaker({ state, refusedShare }: BreakerSnapshot): void {
    this.#state.set(states[state]);
    this.#refusedShare.set(refusedShare);
  }
}
