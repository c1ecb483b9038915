import type { Contestant, MakeSubject } from './harness.ts';
import { pinning } from './http/pinning.ts';
import { requireDescriptors } from './http-memory/growth.ts';
import { stretchesFor } from './overload/burn.ts';
import { measurePriorities, measureRoute } from './overload/measure.ts';
import { type Part, parts, type Route, rows } from './overload/rows.ts';
import { type Guard, Target } from './overload/target.ts';

/**
 * A server that is asked for ten times what it can do: ours as it is by default, beside the same with its guard `off` and
 * with the rule of `aegis` in its place. Each is a process of its own on core 0, the load an open loop on core 1 (1,024 kept
 * connections, Poisson arrivals, latencies from when a request was due). What counts is what is answered with 200 within
 * 200 ms. The peak is what the server without guard does in a closed loop, measured just before. A round takes five minutes:
 * `--rounds 3` will do.
 *
 * `bench/overload/figures.ts` draws it.
 */
export const subject: MakeSubject = async ({ quick }) => {
  requireDescriptors(2048);
  const pin = pinning();
  const seconds = quick ? 1.5 : 3;
  const stretches = stretchesFor(1);
  const targets = new Map<Guard, Target>();
  const abandon = () => {
    for (const target of targets.values()) target.abandon();
  };
  process.once('exit', abandon);
  for (const guard of ['off', 'default', 'aegis'] as const) {
    targets.set(guard, await Target.start(guard, stretches, pin.server));
  }
  const contestant =
    (guard: Guard): Contestant =>
    async (name) => {
      const part = name as Part;
      const route = part.split('-')[0] as Route;
      const peak = await targets.get('off')!.capacity(route, seconds / 2);
      const measure = part === route ? measureRoute : measurePriorities;
      const measured = await measure(targets.get(guard)!, route, peak, seconds);
      if (process.env.FLOTILLA_BENCH_VERBOSE) console.error(guard, part, peak, measured);
      return measured;
    };
  return {
    rows,
    parts,
    hasWarmUp: false,
    ours: contestant('default'),
    peers: { off: contestant('off'), aegis: contestant('aegis') },
    async close() {
      await Promise.all([...targets.values()].map((target) => target.stop()));
      process.off('exit', abandon);
    },
  };
};
