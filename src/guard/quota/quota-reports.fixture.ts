import type { QuotaGrant, QuotaReport, QuotaReportNode } from './quota-store.ts';
import { type QuotaNode, type QuotaTenantConfig, quotaTree } from './quota-tree.ts';

/** A report of what an instance wants by tenant; a tenant is the tree's text for it. */
export function reportOf(
  config: QuotaTenantConfig,
  instance: string,
  wants: Readonly<Record<string, number>>,
  rest: Partial<Omit<QuotaReport, 'instance' | 'nodes'>> = {},
): QuotaReport {
  const tree = quotaTree(config);
  const places = new Map<string, number>();
  const nodes: QuotaReportNode[] = [];
  const place = ({ path, parent, guarantee, limit, weight }: QuotaNode, wanted: number | undefined): number => {
    const above = parent === undefined ? -1 : place(parent, undefined);
    const known = places.get(path);
    if (known !== undefined) return known;
    places.set(path, nodes.length);
    return nodes.push({ path, parent: above, guarantee, limit, weight, wants: wanted }) - 1;
  };
  for (const [tenant, wanted] of Object.entries(wants)) place(tree.tenant(tenant).method(''), wanted);
  return { instance, nodes, leaseMs: 2_000, received: 0, instances: 0, ...rest };
}

/** What was granted, by path. */
export function sharesOf(report: QuotaReport, grant: QuotaGrant): Record<string, number> {
  const leaves = report.nodes.filter(({ wants }) => wants !== undefined);
  return Object.fromEntries(leaves.map(({ path }, index) => [path, grant.shares[index]!]));
}

export function anySeed(): number {
  return 1 + Math.floor(Math.random() * 1e9);
}

/** Numbers from 0 to below 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
