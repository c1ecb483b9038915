import type { CallHead } from '../call/index.ts';
import type { Clock, Context, Stop } from '../concurrency/index.ts';
import { guardSettingsOf } from '../service/index.ts';
import type { Balancer, BalancerHooks, Pick } from './balancer.ts';
import { type LaneBalancer, type LaneBalancerOptions, laneBalancer } from './lane-balancer.ts';
import { OutlierReport } from './outlier-report.ts';
import type { Snapshot } from './registry.ts';

/** The balancers of one target's lanes, with what the log and metrics say of it, and what the configuration says to it. */
export class ReportedBalancer implements Balancer {
  readonly #balancer: LaneBalancer;
  readonly #report: OutlierReport;
  #hasBegun = false;
  #unfollow: Stop | undefined = undefined;

  constructor(target: string, clock: Clock, make: (hooks: BalancerHooks) => Balancer, lanes: LaneBalancerOptions = {}) {
    this.#report = new OutlierReport(target);
    const hooks: BalancerHooks = {
      clock,
      onOutlier: (event) => {
        this.#report.tell(event);
        this.#report.ejected(this.ejected);
      },
    };
    this.#balancer = laneBalancer(() => make(hooks), lanes);
  }

  get ejected(): number {
    return this.#balancer.ejected;
  }

  /** A call to the target: the first one gives telemetry and settings. */
  begin(ctx: Context): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#report.begin(ctx);
    this.#unfollow = guardSettingsOf(ctx)?.follow(
      'outlier',
      (settings) => this.#balancer.applySettings(settings),
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

  servingLane(lane: string): string {
    return this.#balancer.servingLane(lane);
  }
}
