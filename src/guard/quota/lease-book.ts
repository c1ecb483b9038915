import { maxMinShares } from './max-min.ts';
import { type QuotaBounds, type QuotaGrant, type QuotaReport, type QuotaReportNode, unlimited } from './quota-store.ts';

/** This part of what nobody wants is kept for who comes next; the rest is lent out, so that a sudden rise is not refused. */
const reserve = 0.1;

/** What one instance holds. */
interface Lease {
  readonly expiresAt: number;
  readonly sequence: number;
  readonly nodes: readonly QuotaReportNode[];
  /** By leaf, as the last answer said. */
  readonly shares: ReadonlyMap<string, number>;
  /** By leaf, what it may still be using, since it has not confirmed the last answer. */
  readonly previous: ReadonlyMap<string, number>;
  /** How many instances it knew of when it first reported here. */
  readonly knew: number;
}

/** A node of all reports together. */
interface Joint {
  bounds: QuotaBounds;
  readonly children: Joint[];
  /** For a leaf: what each instance wants of it. */
  readonly claims: Map<string, number>;
  /** What the other instances may be using. */
  leased: number;
  wants: number;
  /** What it gets whatever its siblings want. */
  floor: number;
  /** Its fair share. */
  share: number;
}

/**
 * Who holds what of a tree: the core of a store, pure, with time (in ms) given to it. A report is answered in two steps.
 *
 * 1. What would be fair: from the root down each node's share is divided among its children, and a leaf's among the
 *    instances that want it, first by max-min fairness up to what is wanted, then nine tenths of what is left is lent the
 *    same way, so that everybody may rise up to its fair part without asking first.
 * 2. What can be had: nothing that others may still be using. An answer counts as arrived when the next report says so;
 *    until then the larger of the two last ones counts.
 *
 * Who gets more than now therefore waits until the others have given back: two of their renewals, or the end of their lease.
 */
export class LeaseBook {
  readonly #leases = new Map<string, Lease>();
  /** When the first report came: until a lease later there may be instances that it has not heard of. */
  #bornAt = Number.NEGATIVE_INFINITY;

  exchange(report: QuotaReport, now: number): QuotaGrant {
    this.#expire(now);
    if (this.#leases.size === 0) this.#bornAt = now;
    const { instance, nodes, leaseMs } = report;
    const old = this.#leases.get(instance);
    this.#leases.delete(instance);
    const joints = this.#join(report);
    divideAll([...joints.values()]);
    const knew = old?.knew ?? report.instances;
    const granted = grant(report, joints, now < this.#bornAt + leaseMs ? Math.max(1, knew) : 1);
    const sequence = (old?.sequence ?? 0) + 1;
    const before = old === undefined ? new Map<string, number>() : mayUse(old, report.received);
    const previous = new Map(nodes.map(({ path }) => [path, before.get(path) ?? 0] as const));
    const shares = new Map(nodes.map(({ path }, index) => [path, granted[index]!] as const));
    this.#leases.set(instance, { expiresAt: now + leaseMs, sequence, nodes, shares, previous, knew });
    return {
      shares: granted.filter((_, index) => nodes[index]!.wants !== undefined),
      instances: this.#leases.size,
      sequence,
    };
  }

  release(instance: string): void {
    this.#leases.delete(instance);
  }

  /** What may be in use of a node now, by all instances. */
  leased(path: string, now: number): number {
    this.#expire(now);
    let sum = 0;
    for (const lease of this.#leases.values()) {
      const index = lease.nodes.findIndex((node) => node.path === path);
      if (index >= 0) sum += usedOf(lease)[index]!;
    }
    return sum;
  }

  #expire(now: number): void {
    for (const [instance, lease] of this.#leases) if (lease.expiresAt <= now) this.#leases.delete(instance);
  }

  /** All reports in one tree, parents first. Where instances do not agree on a node's bounds, who asks is right. */
  #join(report: QuotaReport): Map<string, Joint> {
    const joints = new Map<string, Joint>();
    for (const [instance, lease] of this.#leases) {
      const used = usedOf(lease);
      addReport(joints, instance, lease.nodes, used);
    }
    addReport(joints, report.instance, report.nodes, undefined);
    return joints;
  }
}

function addReport(
  joints: Map<string, Joint>,
  instance: string,
  nodes: readonly QuotaReportNode[],
  used: readonly number[] | undefined,
): void {
  for (const [index, node] of nodes.entries()) {
    let joint = joints.get(node.path);
    if (joint === undefined) {
      joint = { bounds: node, children: [], claims: new Map(), leased: 0, wants: 0, floor: 0, share: 0 };
      joints.set(node.path, joint);
      if (node.parent >= 0) joints.get(nodes[node.parent]!.path)!.children.push(joint);
    }
    joint.bounds = node;
    if (node.wants !== undefined) joint.claims.set(instance, node.wants);
    joint.leased += used?.[index] ?? 0;
  }
}

/** For each node of its report what an instance may be using: the larger of what both answers allow. */
function usedOf({ nodes, shares, previous }: Lease): number[] {
  const now = sumsOf(nodes, ({ path }) => shares.get(path) ?? 0);
  const before = sumsOf(nodes, ({ path }) => previous.get(path) ?? 0);
  return now.map((sum, index) => Math.max(sum, before[index]!));
}

/** Leaves have their own value, other nodes the sum of what is below them. */
function sumsOf(nodes: readonly QuotaReportNode[], shareOf: (leaf: QuotaReportNode) => number): number[] {
  const sums = nodes.map((node) => (node.wants === undefined ? 0 : shareOf(node)));
  for (let index = nodes.length - 1; index > 0; index--) sums[nodes[index]!.parent]! += sums[index]!;
  return sums;
}

/** What the instance may be using now, by leaf, if it has told which answer it received last. */
function mayUse({ sequence, shares, previous }: Lease, received: number): ReadonlyMap<string, number> {
  if (received === sequence) return shares;
  const both = new Map(shares);
  for (const [path, share] of previous) both.set(path, Math.max(share, both.get(path) ?? 0));
  return both;
}

/** Step 1, for every node: wants and floors from below, shares from above. */
function divideAll(joints: readonly Joint[]): void {
  for (const joint of joints.toReversed()) {
    const { bounds, children, claims } = joint;
    let wants = 0;
    let floor = 0;
    for (const claim of claims.values()) wants += claim;
    for (const child of children) {
      wants += child.wants;
      floor += child.floor;
    }
    joint.wants = Math.min(bounds.limit, wants);
    joint.floor = Math.min(bounds.limit, Math.max(floor, Math.min(bounds.guarantee, wants)));
  }
  const root = joints[0];
  if (root !== undefined) root.share = root.bounds.limit;
  for (const joint of joints) {
    const parts = [...joint.children.map(partOf), ...[...joint.claims.values()].map(claimOf)];
    const shares = divide(joint.share, parts);
    for (const [index, child] of joint.children.entries()) child.share = shares[index]!;
    let index = joint.children.length;
    for (const instance of joint.claims.keys()) joint.claims.set(instance, shares[index++]!);
  }
}

interface Part {
  readonly wants: number;
  readonly guarantee: number;
  readonly limit: number;
  readonly weight: number;
}

function partOf({ wants, floor, bounds }: Joint): Part {
  return { wants, guarantee: floor, limit: bounds.limit, weight: bounds.weight };
}

function claimOf(wants: number): Part {
  return { wants, guarantee: 0, limit: unlimited, weight: 1 };
}

function divide(capacity: number, parts: readonly Part[]): number[] {
  const needed = maxMinShares(capacity, parts);
  let used = 0;
  for (const share of needed) used += share;
  const left = capacity - used;
  if (!(left > 0)) return needed;
  const lent = parts.map(({ limit, weight }, index) => ({ wants: limit, guarantee: needed[index]!, weight }));
  return maxMinShares(used + left * (1 - reserve), lent);
}

/**
 * Step 2: what each node of the report gets; for inner nodes 0. Where the others' leases leave less than the fair shares
 * below a node, all of them shrink alike. `instances`: each takes at most its part of every limit.
 */
function grant({ instance, nodes }: QuotaReport, joints: ReadonlyMap<string, Joint>, instances: number): number[] {
  const shares = nodes.map(({ path, wants }) => (wants === undefined ? 0 : joints.get(path)!.claims.get(instance)!));
  const leavesOf: number[][] = nodes.map(() => []);
  for (const [leaf, { wants }] of nodes.entries()) {
    if (wants === undefined) continue;
    for (let index = leaf; index >= 0; index = nodes[index]!.parent) leavesOf[index]!.push(leaf);
  }
  for (let index = nodes.length - 1; index >= 0; index--) {
    const { limit } = nodes[index]!;
    const free = Math.max(0, Math.min(limit / instances, limit - joints.get(nodes[index]!.path)!.leased));
    let sum = 0;
    for (const leaf of leavesOf[index]!) sum += shares[leaf]!;
    if (sum <= free) continue;
    for (const leaf of leavesOf[index]!) shares[leaf] = (shares[leaf]! * free) / sum;
  }
  return shares;
}
