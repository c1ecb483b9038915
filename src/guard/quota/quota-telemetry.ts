import type { Context } from '../../concurrency/index.ts';
import { type Gauge, type Logger, type Metric, telemetryOf } from '../../observe/index.ts';
import type { QuotaPart } from './quota-part.ts';

/** What a quota shows of itself: gauges by tenant, and a line when the store is lost and when it is back. */
export class QuotaTelemetry {
  readonly #ctx: Context;
  readonly #name: string;
  readonly #log: Logger;
  readonly #shares: Metric<Gauge>;
  readonly #wants: Metric<Gauge>;
  readonly #children = new Map<string, { readonly share: Gauge; readonly wants: Gauge }>();
  #isLost = false;

  constructor(ctx: Context, name: string) {
    const { log, metrics } = telemetryOf(ctx);
    const labels = ['tenant'];
    this.#ctx = ctx;
    this.#name = name;
    this.#log = log;
    this.#shares = metrics.gauge('guard.quota.share', {
      description: "What a tenant's calls may take per second on this instance.",
      unit: '{call}/s',
      labels,
    });
    this.#wants = metrics.gauge('guard.quota.wants', {
      description: "What a tenant's calls ask for per second on this instance, refused ones included.",
      unit: '{call}/s',
      labels,
    });
  }

  /** After each exchange; `failure` is why it failed, if it did. */
  tell(part: QuotaPart, failure: unknown): void {
    this.#set(part);
    const isLost = part.phase === 'degraded';
    if (isLost === this.#isLost) return;
    this.#isLost = isLost;
    const fields = { quota: this.#name, instances: part.instances };
    if (isLost) this.#log.warn(this.#ctx, 'quota store lost, shares are local', { ...fields, error: failure });
    else this.#log.info(this.#ctx, 'quota store back', fields);
  }

  #set(part: QuotaPart): void {
    const byTenant = new Map<string, { share: number; wants: number }>();
    for (const { tenant, isFree, share, wants } of part.leaves) {
      const sum = byTenant.get(tenant) ?? { share: 0, wants: 0 };
      sum.share += isFree ? 0 : share;
      sum.wants += wants;
      byTenant.set(tenant, sum);
    }
    for (const [tenant, { share, wants }] of byTenant) {
      const gauges = this.#children.get(tenant) ?? this.#child(tenant);
      gauges.share.set(share);
      gauges.wants.set(wants);
    }
    for (const [tenant, gauges] of this.#children) {
      if (byTenant.has(tenant)) continue;
      gauges.share.set(0);
      gauges.wants.set(0);
      this.#children.delete(tenant);
    }
  }

  #child(tenant: string): { readonly share: Gauge; readonly wants: Gauge } {
    const child = { share: this.#shares.with({ tenant }), wants: this.#wants.with({ tenant }) };
    this.#children.set(tenant, child);
    return child;
  }
}
