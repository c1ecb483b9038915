import type { CallHead } from '../call/index.ts';
import type { Clock, Context } from '../concurrency/index.ts';
import type { Balancer, BalancerHooks, Pick } from './balancer.ts';
import { OutlierReport } from './outlier-report.ts';
import type { Snapshot } from './registry.ts';

/** The balancer of one target, with what the log and metrics say of it. */
export class ReportedBalancer implements Balancer {
  readonly #balancer: Balancer;
  readonly #report: OutlierReport;

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

  /** A call to the target: the first one gives the telemetry. */
  begin(ctx: Context): void {
    this.#report.begin(ctx);
  }

  update(snapshot: Snapshot): void {
    this.#balancer.update(snapshot);
    this.#report.ejected(this.ejected);
  }

  pick(head: CallHead, avoid?: readonly string[]): Pick {
    return this.#balancer.pick(head, avoid);
  }
}
