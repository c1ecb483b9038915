import type { CallHead } from '../../call/index.ts';
import type { OutlierOptions } from '../../guard/index.ts';
import type { Balancer, BalancerHooks, MakeBalancer, Pick } from '../balancer.ts';
import type { Instance, Snapshot } from '../registry.ts';
import { noInstances } from './guarded-balancer.ts';
import { p2cBalancer } from './p2c.ts';
import { zoneSplit } from './zone-split.ts';

export interface ZoneAwareOptions {
  /** Where this client runs. */
  readonly zone: string;
  /** Where an instance runs. Must not throw. Default: `metadata.zone`, '' without one. */
  readonly zoneOf?: (instance: Instance) => string;
  /**
   * How much of the callers is in each zone, in any unit; asked with each new list. Must not throw. Default: as much in each zone
   * that is known.
   */
  readonly callers?: () => Readonly<Record<string, number>>;
  /** A zone is used as if it were whole until its well instances times this are fewer than all, 1 to 10. Default: 1.4, as Envoy. */
  readonly overProvisioning?: number;
  /** Where fewer than this share of all instances are well, zones count by size only, 0 to 1. Default: 0.5. */
  readonly panicBelow?: number;
  /** Chooses within a zone. Default: `p2cBalancer`. */
  readonly inner?: MakeBalancer;
}

/**
 * Keeps calls in the client's own zone, which is nearer and costs less, and lets as many go elsewhere as the own zone cannot
 * take: where it has fewer instances than its part of the callers, or too many of them are not well (`zoneSplit`). Assumes
 * that all clients of the target do the same. A try of a call whose earlier tries were at all instances of one zone goes to
 * another zone. Throws a RangeError for an option that is out of its range.
 */
export function zoneAware(options: ZoneAwareOptions): MakeBalancer {
  check('overProvisioning', options.overProvisioning ?? 1.4, 1, 10);
  check('panicBelow', options.panicBelow ?? 0.5, 0, 1);
  return (hooks) => new ZoneAware(options, hooks);
}

function check(name: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  throw new RangeError(`zoneAware: ${name} is ${value}; give a number from ${min} to ${max}`);
}

/** The instances of one zone. */
interface Zone {
  readonly name: string;
  readonly balancer: Balancer;
  instances: readonly Instance[];
  weight: number;
  /** How many were well when the split was made. */
  well: number;
  /** Which part of the calls it gets. */
  share: number;
}

class ZoneAware implements Balancer {
  readonly #options: ZoneAwareOptions;
  readonly #hooks: BalancerHooks;
  readonly #random: () => number;
  /** Kept also without instances: settings that are wrong are refused by somebody. */
  readonly #own: Zone;
  #zones: readonly Zone[] = [];
  #turn = 0;
  #service = '';
  #settings: Partial<OutlierOptions> | undefined;
  #callers: Readonly<Record<string, number>> | undefined;

  constructor(options: ZoneAwareOptions, hooks: BalancerHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#random = hooks.random ?? Math.random;
    this.#own = this.#makeZone(options.zone);
  }

  get ejected(): number {
    return this.#zones.reduce((sum, { balancer }) => sum + (balancer.ejected ?? 0), 0);
  }

  get usable(): number {
    return this.#zones.reduce((sum, zone) => sum + wellOf(zone), 0);
  }

  get nodes(): readonly Instance[] {
    const used = this.#zones.filter(({ share }) => share > 0);
    return used.flatMap(({ balancer, instances }) => balancer.nodes ?? instances);
  }

  update({ service, revision, instances }: Snapshot): void {
    const { zoneOf = zoneInMetadata } = this.#options;
    this.#service = service;
    this.#callers = this.#options.callers?.();
    const known = new Map(this.#zones.map((zone) => [zone.name, zone]));
    known.set(this.#own.name, this.#own);
    const lists = Map.groupBy(
      instances.filter(({ weight }) => weight > 0),
      zoneOf,
    );
    if (!lists.has(this.#own.name)) this.#own.balancer.update({ service, revision, instances: [] });
    // Sorted: the order of a list must not decide where a call goes.
    this.#zones = [...lists]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, members]) => {
        const zone = known.get(name) ?? this.#makeZone(name);
        zone.instances = members;
        zone.weight = members.reduce((sum, { weight }) => sum + weight, 0);
        zone.balancer.update({ service, revision, instances: members });
        return zone;
      });
    this.#split();
  }

  pick(head: CallHead, avoid?: readonly string[]): Pick {
    const zones = this.#zones;
    if (zones.length === 0) throw noInstances(this.#service);
    let zone = this.#draw();
    // To ask all of them with each call would take longer than to choose: the one it would go to, and the others in turn.
    this.#turn = this.#turn + 1 < zones.length ? this.#turn + 1 : 0;
    if (hasChanged(zone) || hasChanged(zones[this.#turn]!)) {
      this.#split();
      zone = this.#draw();
    }
    if (avoid !== undefined && avoid.length > 0 && isSpent(zone, avoid)) zone = this.#unspent(avoid) ?? zone;
    return zone.balancer.pick(head, avoid);
  }

  applySettings(settings: Partial<OutlierOptions>): void {
    this.#own.balancer.applySettings?.(settings);
    this.#settings = settings;
    for (const zone of this.#zones) if (zone !== this.#own) zone.balancer.applySettings?.(settings);
  }

  #makeZone(name: string): Zone {
    const { inner = p2cBalancer } = this.#options;
    const balancer = inner(this.#hooks);
    if (this.#settings !== undefined) balancer.applySettings?.(this.#settings);
    return { name, balancer, instances: [], weight: 0, well: 0, share: 0 };
  }

  #split(): void {
    const { zone: own, overProvisioning = 1.4, panicBelow = 0.5 } = this.#options;
    let well = 0;
    let all = 0;
    for (const zone of this.#zones) {
      zone.well = wellOf(zone);
      well += zone.well;
      all += zone.instances.length;
    }
    const isPanic = well < all * panicBelow;
    const shares = zoneSplit(
      this.#zones.map((zone) => ({
        zone: zone.name,
        weight: zone.weight,
        wellShare: isPanic ? 1 : zone.well / zone.instances.length,
      })),
      { own, callers: this.#callers, overProvisioning },
    );
    for (const [index, zone] of this.#zones.entries()) zone.share = shares[index]!;
  }

  /** Another zone each time, so that retries do not all go to one. */
  #unspent(avoid: readonly string[]): Zone | undefined {
    const zones = this.#zones;
    for (let step = 0; step < zones.length; step++) {
      const zone = zones[(this.#turn + step) % zones.length]!;
      if (zone.well > 0 && !isSpent(zone, avoid)) return zone;
    }
    return undefined;
  }

  #draw(): Zone {
    let left = this.#random();
    let last = this.#zones[0]!;
    for (const zone of this.#zones) {
      if (zone.share === 0) continue;
      left -= zone.share;
      if (left < 0) return zone;
      last = zone;
    }
    return last;
  }
}

function wellOf({ balancer, instances }: Zone): number {
  return balancer.usable ?? instances.length - (balancer.ejected ?? 0);
}

function hasChanged(zone: Zone): boolean {
  return wellOf(zone) !== zone.well;
}

/** Whether the caller avoids all of them. */
function isSpent({ instances }: Zone, avoid: readonly string[]): boolean {
  return instances.length <= avoid.length && instances.every(({ id }) => avoid.includes(id));
}

function zoneInMetadata({ metadata }: Instance): string {
  return metadata.zone ?? '';
}
