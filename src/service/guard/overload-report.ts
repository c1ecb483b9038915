import type { Context } from '../../concurrency/index.ts';
import type { OverloadDecision, OverloadSnapshot } from '../../guard/index.ts';
import {
  type Counter,
  type Gauge,
  type LogFields,
  type Metric,
  noTelemetry,
  type Telemetry,
  telemetryOf,
} from '../../observe/index.ts';

/** Without a refusal for so long the overload is over. */
const calmMs = 5_000;
const shownTenants = 3;

/** Tells what a guard has decided since it was asked last: counts as metrics, and a line when shedding begins and ends. */
export class OverloadReport {
  readonly #ctx: Context;
  readonly #snapshot: () => OverloadSnapshot;
  readonly #telemetry: Telemetry;
  readonly #instruments: Instruments | undefined;
  /** By method, priority and decision: what has been told. */
  readonly #told = new Map<string, number>();
  /** By method and priority: refused since the shedding began. */
  readonly #shed = new Map<string, number>();
  readonly #tenantsBefore = new Map<string, number>();
  #beganAt: number | undefined;
  #refusedAt = 0;

  constructor(ctx: Context, snapshot: () => OverloadSnapshot) {
    this.#ctx = ctx;
    this.#snapshot = snapshot;
    this.#telemetry = telemetryOf(ctx);
    this.#instruments = this.#telemetry === noTelemetry ? undefined : new Instruments(this.#telemetry);
  }

  update(): void {
    const instruments = this.#instruments;
    if (instruments === undefined) return;
    const snapshot = this.#snapshot();
    const refused = this.#count(snapshot, instruments);
    instruments.level.set(snapshot.level);
    instruments.delay.set(snapshot.delayMs / 1000);
    instruments.utilization.set(snapshot.utilization);
    this.#tell(snapshot, refused);
  }

  close(): void {
    this.update();
    if (this.#beganAt !== undefined) this.#end(this.#snapshot());
  }

  /** How many were refused since the last time. */
  #count(snapshot: OverloadSnapshot, instruments: Instruments): number {
    let refused = 0;
    for (const { name, inFlight, limit, decisions } of snapshot.methods) {
      instruments.concurrency(name, inFlight, limit);
      for (const { priority, decision, count } of decisions) {
        const key = `${name}\n${priority}\n${decision}`;
        const more = count - (this.#told.get(key) ?? 0);
        if (more === 0) continue;
        this.#told.set(key, count);
        instruments.decided(name, priority, decision, more);
        if (decision === 'admitted' || decision === 'deadline') continue;
        refused += more;
        const kind = `${name} ${priority}`;
        this.#shed.set(kind, (this.#shed.get(kind) ?? 0) + more);
      }
    }
    return refused;
  }

  #tell(snapshot: OverloadSnapshot, refused: number): void {
    const now = this.#ctx.clock.now();
    if (refused > 0) {
      this.#refusedAt = now;
      if (this.#beganAt !== undefined) return;
      this.#beganAt = now;
      this.#telemetry.log.warn(this.#ctx, 'overloaded: calls are refused', { ...this.#numbers(snapshot) });
    } else if (this.#beganAt !== undefined && now - this.#refusedAt >= calmMs) this.#end(snapshot);
  }

  #end(snapshot: OverloadSnapshot): void {
    const seconds = Math.round((this.#refusedAt - (this.#beganAt ?? 0)) / 100) / 10;
    this.#telemetry.log.info(this.#ctx, 'not overloaded any more', { seconds, ...this.#numbers(snapshot) });
    this.#beganAt = undefined;
    this.#shed.clear();
    for (const { tenant, refused } of snapshot.shedTenants) this.#tenantsBefore.set(tenant, refused);
  }

  #numbers({ level, delayMs, utilization, heapShare, shedTenants }: OverloadSnapshot): LogFields {
    const tenants = shedTenants
      .map(({ tenant, refused }) => [tenant, refused - (this.#tenantsBefore.get(tenant) ?? 0)] as const)
      .filter(([, refused]) => refused > 0)
      .sort(([, a], [, b]) => b - a)
      .slice(0, shownTenants);
    return {
      admitted: rounded(level),
      delayMs: rounded(delayMs),
      utilization: rounded(utilization),
      heapShare: rounded(heapShare),
      refused: Object.fromEntries(this.#shed),
      tenants: Object.fromEntries(tenants),
    };
  }
}

/** The metrics, with their children made when they are first needed. */
class Instruments {
  readonly level: Gauge;
  readonly delay: Gauge;
  readonly utilization: Gauge;
  readonly #decisions: Metric<Counter>;
  readonly #refusals: Metric<Counter>;
  readonly #limits: Metric<Gauge>;
  readonly #inFlight: Metric<Gauge>;

  constructor({ metrics }: Telemetry) {
    const gauge = (name: string, description: string, unit = '1') => metrics.gauge(name, { description, unit }).with();
    this.level = gauge('guard.overload.level', 'Share of the levels that is admitted; 1 is everything.');
    this.delay = gauge('guard.overload.delay', 'Shortest turn of the event loop: what every call waits.', 's');
    this.utilization = gauge('guard.overload.utilization', 'Busy share of the event loop.');
    this.#decisions = metrics.counter('guard.decisions', {
      description: 'Decisions of guards.',
      unit: '{call}',
      labels: ['guard', 'name', 'priority', 'decision'],
    });
    this.#refusals = metrics.counter('guard.overload.refusals', {
      description: 'Calls that an overloaded server refused, by what they found: level, turn, concurrency, heap.',
      unit: '{call}',
      labels: ['why'],
    });
    const byMethod = (name: string, description: string) =>
      metrics.gauge(name, { description, unit: '{call}', labels: ['method'] });
    this.#limits = byMethod('guard.concurrency.limit', 'Calls that may run at a time.');
    this.#inFlight = byMethod('guard.concurrency.in_flight', 'Calls that run.');
  }

  concurrency(method: string, inFlight: number, limit: number): void {
    this.#limits.with({ method }).set(limit);
    this.#inFlight.with({ method }).set(inFlight);
  }

  decided(name: string, priority: string, decision: OverloadDecision, count: number): void {
    const isDeadline = decision === 'deadline';
    const labels = { guard: isDeadline ? 'deadline' : 'overload', name, priority };
    const said = decision === 'admitted' ? decision : isDeadline ? 'deadline_too_short' : 'overloaded';
    this.#decisions.with({ ...labels, decision: said }).add(count);
    if (decision !== 'admitted') this.#refusals.with({ why: decision }).add(count);
  }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
