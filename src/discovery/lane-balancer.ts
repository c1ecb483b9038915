import { type CallHead, servingLane } from '../call/index.ts';
import type { OutlierOptions } from '../guard/index.ts';
import type { Balancer, Pick } from './balancer.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Instance, Snapshot } from './registry.ts';

export interface LaneBalancerOptions {
  /** A lane without instances is refused and not served by the baseline. Default: false. */
  readonly isStrict?: boolean;
}

export interface LaneBalancer extends Balancer {
  readonly ejected: number;
  applySettings(settings: Partial<OutlierOptions>): void;
  /** The lane whose instances a call of this lane goes to now: itself, or '' where it is not there and not strict. */
  servingLane(lane: string): string;
  /** The instances that a call of this lane may go to now. */
  nodesOf(lane: string): readonly Instance[];
}

/**
 * A balancer per lane, so that a call meets instances of one lane only: of its own where there are some that take calls
 * (weight above 0), else of the baseline. What one balancer learns of its instances says nothing about those of another.
 * A lane's balancer is made by its first call and dropped when the lane leaves the list: a call that names a lane which
 * nobody has leaves nothing behind. The baseline's lives as long as this one.
 */
export function laneBalancer(make: () => Balancer, options: LaneBalancerOptions = {}): LaneBalancer {
  return new Lanes(make, options);
}

/** What an error names at most. */
const maxNamed = 5;

class Lanes implements LaneBalancer {
  readonly #make: () => Balancer;
  readonly #isStrict: boolean;
  readonly #baseline: Balancer;
  #service = '';
  #revision = 0;
  #settings: Partial<OutlierOptions> | undefined;
  /** The instances of each lane that is there. */
  #lists = new Map<string, readonly Instance[]>();
  /** Of the lanes that were called, without the baseline. */
  readonly #balancers = new Map<string, Balancer>();
  readonly #isThere = (lane: string) => this.#lists.has(lane);

  constructor(make: () => Balancer, { isStrict = false }: LaneBalancerOptions) {
    this.#make = make;
    this.#isStrict = isStrict;
    this.#baseline = make();
  }

  get ejected(): number {
    let ejected = this.#baseline.ejected ?? 0;
    for (const balancer of this.#balancers.values()) ejected += balancer.ejected ?? 0;
    return ejected;
  }

  update({ service, revision, instances }: Snapshot): void {
    this.#service = service;
    this.#revision = revision;
    this.#lists = byLane(instances);
    this.#baseline.update(this.#snapshot(''));
    for (const [lane, balancer] of this.#balancers) {
      if (this.#isThere(lane)) balancer.update(this.#snapshot(lane));
      else this.#balancers.delete(lane);
    }
  }

  pick(head: CallHead, avoid?: readonly string[]): Pick {
    const lane = this.servingLane(head.fields.lane);
    if (!this.#isThere(lane)) throw this.#nobody(head.fields.lane);
    return (lane === '' ? this.#baseline : this.#balancer(lane)).pick(head, avoid);
  }

  servingLane(lane: string): string {
    return this.#isStrict ? lane : servingLane(lane, this.#isThere);
  }

  nodesOf(wanted: string): readonly Instance[] {
    const lane = this.servingLane(wanted);
    const list = this.#lists.get(lane);
    if (list === undefined) return [];
    const balancer = lane === '' ? this.#baseline : this.#balancer(lane);
    return balancer.nodes ?? list.filter(({ weight }) => weight > 0);
  }

  applySettings(settings: Partial<OutlierOptions>): void {
    this.#baseline.applySettings?.(settings);
    this.#settings = settings;
    for (const balancer of this.#balancers.values()) balancer.applySettings?.(settings);
  }

  #balancer(lane: string): Balancer {
    const known = this.#balancers.get(lane);
    if (known !== undefined) return known;
    const balancer = this.#make();
    if (this.#settings !== undefined) balancer.applySettings?.(this.#settings);
    balancer.update(this.#snapshot(lane));
    this.#balancers.set(lane, balancer);
    return balancer;
  }

  #snapshot(lane: string): Snapshot {
    return { service: this.#service, revision: this.#revision, instances: this.#lists.get(lane) ?? [] };
  }

  #nobody(lane: string): Error {
    const service = this.#service;
    const names = [...this.#lists.keys()].map((one) => (one === '' ? 'the baseline' : `lane "${one}"`));
    const where = lane === '' ? ' in the baseline' : ` in lane "${lane}"${this.#isStrict ? '' : ' or the baseline'}`;
    const more = names.length > maxNamed ? ` and ${names.length - maxNamed} more` : '';
    const known =
      names.length === 0 ? '' : `${where} (there are some in ${names.slice(0, maxNamed).join(', ')}${more})`;
    return DiscoveryErrors.NO_INSTANCES(`no instance of "${service}"${known}`, { metadata: { target: service } });
  }
}

/** Lanes whose instances take no calls are not there. */
function byLane(instances: readonly Instance[]): Map<string, readonly Instance[]> {
  const lanes = new Map<string, Instance[]>();
  for (const instance of instances) {
    const lane = lanes.get(instance.lane);
    if (lane === undefined) lanes.set(instance.lane, [instance]);
    else lane.push(instance);
  }
  for (const [lane, members] of lanes) if (!members.some(({ weight }) => weight > 0)) lanes.delete(lane);
  return lanes;
}
