import { goContestants } from './concurrency/go.ts';
import { ourWorks } from './concurrency/ours.ts';
import { platformContestants } from './concurrency/platform.ts';
import { rows } from './concurrency/rows.ts';
import { contestant } from './concurrency/work.ts';
import type { Contestant, MakeSubject } from './harness.ts';
import { peerWorks } from './peers/peers.ts';

/**
 * Channels, select, locks, groups, contexts and pipelines beside what Node programs use for the same, and beside Go.
 * Contestants of Node share this process, as libraries of one program do. Go runs as a program of its own that measures
 * the same work: `go` on one processor, its fastest configuration where tasks hand over to one another, and
 * `go-all-cores` without that restriction. All are measured in CPU time, `go-all-cores` in the time that passes: on a
 * busy machine only that one suffers.
 */
export const subject: MakeSubject = async ({ quick }) => {
  const targetMs = quick ? 20 : 150;
  const libraries = await peerWorks();
  const go = goContestants(targetMs);
  const peers: Record<string, Contestant> = { ...go.contestants, ...platformContestants(targetMs) };
  for (const [name, works] of Object.entries(libraries.works)) peers[name] = contestant(works, targetMs);
  return {
    rows: rows(Object.keys(peers)),
    ours: contestant(ourWorks, targetMs),
    peers,
    skipped: { ...libraries.skipped, ...go.skipped },
    async close() {},
  };
};
