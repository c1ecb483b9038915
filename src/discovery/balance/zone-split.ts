/** What a client knows of one zone. */
export interface ZoneState {
  readonly zone: string;
  /** The weights of its instances together. */
  readonly weight: number;
  /** Of its instances, 0 to 1, those that are well. */
  readonly wellShare: number;
}

export interface ZoneSplitOptions {
  /** The client's own zone. */
  readonly own: string;
  /** How much of the callers is in each zone, in any unit. Undefined: as much in each zone that is known. */
  readonly callers?: Readonly<Record<string, number>> | undefined;
  /** A zone counts as whole while its well instances, times this, are all of them. */
  readonly overProvisioning: number;
}

/**
 * Which part of a client's calls goes to which zone, in the order of `zones`; they sum up to 1. All of them stay in the own
 * zone where it has at least the part of what all instances can do that its callers are of all callers. What is too much
 * for it goes to the zones that can do more than their own callers ask for, in proportion to how much more: so all
 * instances come to the same load, as long as every client does the same.
 */
export function zoneSplit(zones: readonly ZoneState[], options: ZoneSplitOptions): number[] {
  const { own, overProvisioning } = options;
  const capacity = shares(zones.map(({ weight, wellShare }) => weight * Math.min(1, wellShare * overProvisioning)));
  const callers = callerShares(zones, options);
  const index = zones.findIndex(({ zone }) => zone === own);
  const local = index < 0 ? 0 : Math.min(1, callers.own === 0 ? 1 : capacity[index]! / callers.own);
  // The callers of a zone without instances are nobody's to spare.
  const spare = zones.map(({ zone }, at) => (zone === own ? 0 : Math.max(0, capacity[at]! - callers.of(zone))));
  const others = spare.some((room) => room > 0)
    ? shares(spare)
    : shares(zones.map(({ zone }, at) => (zone === own ? 0 : capacity[at]!)));
  // Nobody else is there, or well: the own zone takes it, however ill.
  const isAlone = !others.some((share) => share > 0);
  return zones.map((_, at) => (at === index ? (isAlone ? 1 : local) : (1 - local) * others[at]!));
}

function callerShares(zones: readonly ZoneState[], { own, callers }: ZoneSplitOptions) {
  const names = new Set([...zones.map(({ zone }) => zone), own]);
  const given = callers === undefined ? undefined : Object.values(callers).reduce((sum, count) => sum + count, 0);
  const of = (zone: string) => {
    if (callers === undefined || given === undefined || given <= 0) return 1 / names.size;
    return Math.max(0, callers[zone] ?? 0) / given;
  };
  return { of, own: of(own) };
}

/** Each divided by their sum; all 0 where that is 0. */
function shares(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => (total > 0 ? value / total : 0));
}
