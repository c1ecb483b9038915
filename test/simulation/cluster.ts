import type { Instance, Snapshot } from '../../src/discovery/index.ts';
import type { LoopNode } from '../../src/testing/index.ts';

/** The list of a service whose instances are these nodes. */
export function snapshotOf(nodes: readonly LoopNode[]): Snapshot {
  const instances = nodes.map(
    ({ name }): Instance => ({
      id: name,
      service: 'simulated',
      version: '1',
      endpoints: {},
      lane: '',
      weight: 1,
      metadata: {},
    }),
  );
  return { service: 'simulated', revision: 1, instances };
}

/** As a client takes them. */
export function byName(nodes: readonly LoopNode[]): ReadonlyMap<string, LoopNode> {
  return new Map(nodes.map((node) => [node.name, node]));
}
