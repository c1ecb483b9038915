/** What one of several wants of a common capacity, in any one unit. */
export interface Claim {
  /** 0 or more. */
  readonly wants: number;
  /** Given before others get more than theirs, as far as it is wanted. Default: 0. */
  readonly guarantee?: number;
  /** Never more than this. Default: no limit. */
  readonly limit?: number;
  /** How much it gets beside the others; above 0. Default: 1. */
  readonly weight?: number;
}

/**
 * Divides a capacity so that nobody can get more without somebody who has less, by weight, losing: everybody rises to one
 * common level, who wants less stops there, and who is guaranteed more starts there. Nobody gets more than wanted. Where the
 * guarantees that are wanted exceed the capacity it is divided in proportion to them. Doorman's example, 120 for wants of
 * 1000, 50 and 10, gives 60, 50 and 10.
 */
export function maxMinShares(capacity: number, claims: readonly Claim[]): number[] {
  const floors: number[] = [];
  const ceilings: number[] = [];
  let floorSum = 0;
  let ceilingSum = 0;
  for (const { wants, guarantee = 0, limit = Number.POSITIVE_INFINITY } of claims) {
    const ceiling = Math.min(wants, limit);
    const floor = Math.min(guarantee, ceiling);
    ceilings.push(ceiling);
    floors.push(floor);
    ceilingSum += ceiling;
    floorSum += floor;
  }
  if (ceilingSum <= capacity) return ceilings;
  if (floorSum >= capacity)
    return floors.map((floor) => (floorSum > 0 ? (floor / floorSum) * Math.max(0, capacity) : 0));
  const level = levelFor(capacity - floorSum, floors, ceilings, claims);
  return claims.map(({ weight = 1 }, index) => Math.max(floors[index]!, Math.min(ceilings[index]!, weight * level)));
}

/** The level at which all together have `rise` more than their floors. Between the points where one starts or stops it is linear. */
function levelFor(
  rise: number,
  floors: readonly number[],
  ceilings: readonly number[],
  claims: readonly Claim[],
): number {
  const turns: { readonly at: number; readonly slope: number }[] = [];
  for (const [index, { weight = 1 }] of claims.entries()) {
    if (ceilings[index]! <= floors[index]!) continue;
    turns.push({ at: floors[index]! / weight, slope: weight }, { at: ceilings[index]! / weight, slope: -weight });
  }
  turns.sort((a, b) => a.at - b.at);
  let level = 0;
  let slope = 0;
  let left = rise;
  for (const turn of turns) {
    const gain = (turn.at - level) * slope;
    if (gain >= left) break;
    left -= gain;
    level = turn.at;
    slope += turn.slope;
  }
  return slope > 0 ? level + left / slope : level;
}
