import type { Context } from '../../concurrency/index.ts';
import { type Gauge, type Logger, type Metric, telemetryOf } from '../../observe/index.ts';
import type { QuotaPart } from './quota-part.ts';

/** So many tenants have gauges of their own, the first that came; the others share one, or strangers' names would fill the memory. */
const maxShown = 1_000;
/** As the node is called of those that are not told apart. */
const others = '*';

interface Shown {
  share: number;
  wants: number;
  readonly shareGauge: Gauge;
  readonly wantsGauge: Gauge;
}

/** What a quota shows of itself: gauges by tenant, and a line when the store is lost and when it is back. */
export class QuotaTelemetry {
  readonly #ctx: Context;
  readonly #name: string;
  readonly #log: Logger;
  readonly #shares: Metric<Gauge>;
  readonly #wants: Metric<Gauge>;
  /** By path. None is forgotten, since their gauges are not either. */
  readonly #tenants = new Map<string, Shown>();
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
    for (const tenant of this.#tenants.values()) {
      tenant.share = 0;
      tenant.wants = 0;
    }
    for (const { tenant, isFree, share, wants } of part.leaves) {
      const shown = this.#shown(tenant);
      shown.share += isFree ? 0 : share;
      shown.wants += wants;
    }
    for (const { share, wants, shareGauge, wantsGauge } of this.#tenants.values()) {
      shareGauge.set(share);
      wantsGauge.set(wants);
    }
  }

  #shown(path: string): Shown {
    const known = this.#tenants.get(path);
    if (known !== undefined) return known;
    const tenant = this.#tenants.size < maxShown ? path : others;
    let shown = this.#tenants.get(tenant);
    if (shown === undefined) {
      shown = {
        share: 0,
        wants: 0,
        shareGauge: this.#shares.with({ tenant }),
        wantsGauge: this.#wants.with({ tenant }),
      };
      this.#tenants.set(tenant, shown);
    }
    return shown;
  }
}
