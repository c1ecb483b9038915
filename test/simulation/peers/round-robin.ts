import type { Balancer, Instance } from '../../../src/discovery/index.ts';

/** One after the other, whatever they are like. */
export function roundRobin(): Balancer {
  let instances: readonly Instance[] = [];
  let next = 0;
  return {
    update(snapshot) {
      instances = snapshot.instances;
    },
    pick() {
      const node = instances[next++ % instances.length];
      if (node === undefined) throw new RangeError('round robin without instances');
      return { node, done: () => {} };
    },
  };
}
