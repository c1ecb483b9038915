import type { CallHead } from '../call/index.ts';
import type { Clock, Context, Stop } from '../concurrency/index.ts';
import { guardSettingsOf } from '../service/index.ts';
import type { Balancer, BalancerHooks, Pick } from './balancer.ts';
import { OutlierReport } from './outlier-report.ts';
import type { Snapshot } from './registry.ts';

/** The balancer of one target, with what the log and metrics say of it, and what the configuration says to it. */
export class ReportedBalancer implements Balancer {
  readonly #balancer: Balancer;
  readonly #report: OutlierReport;
  #hasBegun = false;
  #unfollow: Stop | undefined = undefined;

  constructor(target: string, clock: Clock, make: (hooks: BalancerHooks) => Balancer) {
    this.#report = new OutlierReport(target);
    this.#balancer = make({
      clock,
      onOutlier: (event) => {
        this.#report.tell(event);
        this.#report.ejected(this.ejected);
      },
    });
  }

  get ejected(): number {
    return this.#balancer.ejected ?? 0;
  }

  /** A call to the target: the first one gives telemetry and settings. */
  begin(ctx: Context): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#report.begin(ctx);
    this.#unfollow = guardSettingsOf(ctx)?.follow(
      'outlier',
      (settings) => this.#balancer.applySettings?.(settings),
      (error) => this.#report.refused(error),
    );
  }

  close(): void {
    this.#unfollow?.();
  }

  update(snapshot: Snapshot): void {
    this.#balancer.update(snapshot);
    this.#report.ejected(this.ejected);
  }

  pick(head: CallHead, avoid?: readonly string[]): Pick {
    return this.#balancer.pick(head, avoid);
  }
}
