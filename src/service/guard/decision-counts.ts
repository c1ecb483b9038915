import type { Priority } from '../../call/index.ts';
import type { Context } from '../../concurrency/index.ts';
import { type Counter, type Metrics, noTelemetry, type Telemetry, telemetryOf } from '../../observe/index.ts';

/** Counts what a guard decided in `guard.decisions`. Children are made at the first decision of their kind. */
export class DecisionCounts {
  readonly #metrics: Metrics;
  readonly #guard: string;
  readonly #children = new Map<string, Partial<Record<Priority, Counter>>>();

  /** `guard`: limit, bulkhead, quota and so on. */
  constructor(metrics: Metrics, guard: string) {
    this.#metrics = metrics;
    this.#guard = guard;
  }

  /** `decision`: admitted, or the reason of the refusal. `name`: of the limit or the method; must not be a stranger's text. */
  count(name: string, decision: string, priority: Priority): void {
    const key = `${name} ${decision}`;
    let children = this.#children.get(key);
    if (children === undefined) {
      children = {};
      this.#children.set(key, children);
    }
    let child = children[priority];
    if (child === undefined) {
      child = this.#make(name, decision.toLowerCase(), priority);
      children[priority] = child;
    }
    child.add();
  }

  #make(name: string, decision: string, priority: Priority): Counter {
    return this.#metrics
      .counter('guard.decisions', {
        description: 'Calls that a guard let through or refused.',
        unit: '{call}',
        labels: ['guard', 'name', 'priority', 'decision'],
      })
      .with({ guard: this.#guard, name, priority, decision });
  }
}

/** What is made once for each telemetry, and found again by the Context of a call. */
export class PerTelemetry<T> {
  readonly #make: (telemetry: Telemetry) => T;
  readonly #made = new WeakMap<Telemetry, T>();
  #known: Telemetry = noTelemetry;
  #last: T | undefined;

  constructor(make: (telemetry: Telemetry) => T) {
    this.#make = make;
  }

  /** Undefined where there is no telemetry. */
  of(ctx: Context): T | undefined {
    const telemetry = telemetryOf(ctx);
    if (telemetry === this.#known) return this.#last;
    let found = this.#made.get(telemetry);
    if (found === undefined && telemetry !== noTelemetry) {
      found = this.#make(telemetry);
      this.#made.set(telemetry, found);
    }
    this.#known = telemetry;
    this.#last = found;
    return found;
  }
}
