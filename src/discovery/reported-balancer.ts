import { type CallHead, routeKeyOf, triedNodesOf } from '../call/index.ts';
import { type Clock, type Context, type Stop, systemClock, turnClock } from '../concurrency/index.ts';
import type { OutlierOptions } from '../guard/index.ts';
import { guardSettingsOf } from '../service/index.ts';
import type { BalancerHooks, MakeBalancer, Pick } from './balancer.ts';
import { type LaneBalancer, type LaneBalancerOptions, laneBalancer } from './lane-balancer.ts';
import { OutlierReport } from './outlier-report.ts';
import type { Instance, Snapshot } from './registry.ts';

export interface ReportedBalancerOptions extends LaneBalancerOptions {
  readonly clock: Clock;
  /** Makes the balancer of a lane. */
  readonly make: MakeBalancer;
  /** For the maker. */
  readonly outlier?: Partial<OutlierOptions> | undefined;
}

/** The balancers of one target's lanes, with what the log and metrics say of it, and what the configuration says to it. */
export class ReportedBalancer {
  readonly #balancer: LaneBalancer;
  readonly #report: OutlierReport;
  #hasBegun = false;
  #unfollow: Stop | undefined = undefined;

  constructor(target: string, { clock, make, outlier, ...lanes }: ReportedBalancerOptions) {
    this.#report = new OutlierReport(target);
    const hooks: BalancerHooks = {
      // A balancer need not know of milliseconds within a turn of the loop, and each look at the clock costs a third of a pick.
      clock: clock === systemClock ? turnClock : clock,
      onOutlier: (event) => {
        this.#report.tell(event);
        this.#report.ejected(this.ejected);
      },
      ...(outlier !== undefined && { outlier }),
    };
    this.#balancer = laneBalancer(() => make(hooks), lanes);
  }

  get ejected(): number {
    return this.#balancer.ejected;
  }

  /** The first call to the target gives telemetry and settings. */
  #begin(ctx: Context): void {
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

  /** For one try of the call that `ctx` belongs to: with the key of its route, not where its earlier tries went. */
  pick(ctx: Context, head: CallHead): Pick {
    if (!this.#hasBegun) this.#begin(ctx);
    const routeKey = routeKeyOf(ctx);
    return this.#balancer.pick(routeKey === undefined ? head : { ...head, routeKey }, triedNodesOf(ctx));
  }

  /** What calls of this lane may go to. */
  nodesOf(lane: string): readonly Instance[] {
    return this.#balancer.nodesOf(lane);
  }

  servingLane(lane: string): string {
    return this.#balancer.servingLane(lane);
  }
}
