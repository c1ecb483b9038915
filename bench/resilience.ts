import type { Contestant, MakeSubject } from './harness.ts';
import { healthy, measureHalfFailing, measureHedge, measureSlowNode, measureTiers } from './resilience/measure.ts';
import { NodeProcess } from './resilience/node-process.ts';
import { type Part, parts, rows } from './resilience/rows.ts';

/**
 * RPC clients as they are by default (with hedging where that is the row) beside servers that fail and servers that are
 * slow: what arrives at them, and what callers wait. The nodes run in processes of their own, wait rather than compute, and take on everything;
 * the load is an open loop of Poisson arrivals in this process, latencies count from when a call was due. All ratios are
 * of figures taken in one run. The peers are the same client with one thing less: plain tries in place of the guard
 * (`no-budget`), no breaker before the budget (`no-breaker`), `round-robin`, `no-hedge`.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const times = { settlingSeconds: quick ? 1 : 2, seconds: quick ? 2 : 10 };
  const nodes = await NodeProcess.start({ count: 20, behaviour: healthy });
  return {
    rows,
    parts,
    ours: of({
      tiers: () => measureTiers('default', times),
      'slow-node': () => measureSlowNode(nodes, 'default', times),
      hedge: () => measureHedge(nodes, true, times),
      'half-failing': () => measureHalfFailing(nodes, quick ? 1 : 3),
    }),
    peers: {
      'no-budget': of({ tiers: () => measureTiers('plain', times) }),
      'no-breaker': of({ tiers: () => measureTiers('no-breaker', times) }),
      'round-robin': of({ 'slow-node': () => measureSlowNode(nodes, 'round-robin', times) }),
      'no-hedge': of({ hedge: () => measureHedge(nodes, false, times) }),
    },
    close: () => nodes.stop(),
  };
};

type Measure = () => Promise<Readonly<Record<string, number>>>;

function of(measures: Readonly<Partial<Record<Part, Measure>>>): Contestant {
  return async (part) => (await measures[part as Part]?.()) ?? {};
}
