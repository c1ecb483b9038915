import { serialiser } from '../src/net/http/reply/serialiser.ts';
import { PlainRouteTree } from '../src/net/http/routing/route-tree.oracle.ts';
import { RouteTree } from '../src/net/http/routing/route-tree.ts';
import type { Contestant, MakeSubject } from './harness.ts';
import { peerParts } from './http-parts/peers.ts';
import { answers, bodies, jsonRows, nsPerCall, type Parts, paths, routeRows, routes } from './http-parts/work.ts';

/**
 * Two parts of a request without the server: finding its route among two hundred, and writing its answer as JSON by a response
 * schema. Nanoseconds per call. `plain` is ours without the tricks: the oracle of the route tree, and a picker without generated code.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const targetMs = quick ? 5 : 60;
  const peers = peerParts();
  const contestants = Object.entries({ plain: plain(), platform: platform(), ...peers.parts });
  const names = contestants.map(([name]) => name);
  const better = 'lower' as const;
  return {
    rows: [
      ...routeRows.map((name) => ({
        name,
        unit: 'ns',
        better,
        goals: names.includes('find-my-way') ? { 'find-my-way': 1 } : {},
      })),
      ...jsonRows.map((name) => ({ name, unit: 'ns', better })),
    ],
    ours: contestant(ours(), targetMs),
    peers: Object.fromEntries(contestants.map(([name, parts]) => [name, contestant(parts, targetMs)])),
    skipped: peers.skipped,
    async close() {},
  };
};

function ours(): Parts {
  const tree = new RouteTree<string>();
  for (const [method, path] of routes) tree.add(method, path, path);
  tree.compile();
  const writers = Object.fromEntries(jsonRows.map((row) => [row, serialiser(answers[row].schema).stringify]));
  return {
    find: (path) => tree.find('GET', path),
    write: (row) => writers[row]!,
  };
}

function plain(): Parts {
  const tree = new PlainRouteTree<string>();
  for (const [method, path] of routes) tree.add(method, path, path);
  const writers = Object.fromEntries(
    jsonRows.map((row) => [row, serialiser(answers[row].schema, { generate: false }).stringify]),
  );
  return { find: (path) => tree.find('GET', path), write: (row) => writers[row]! };
}

function platform(): Parts {
  return { write: () => JSON.stringify };
}

function contestant({ find, write }: Parts, targetMs: number): Contestant {
  return async () => {
    const figures: Record<string, number> = {};
    if (find !== undefined) for (const row of routeRows) figures[row] = nsPerCall(find, paths[row], targetMs);
    if (write !== undefined) for (const row of jsonRows) figures[row] = nsPerCall(write(row), bodies[row], targetMs);
    return figures;
  };
}
