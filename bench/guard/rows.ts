import type { Row } from '../harness.ts';

const ns = { unit: 'ns', better: 'lower' } as const;

export const rows = [
  /** A call that goes out and succeeds: the decision, and that its end is counted in a window of time. */
  { name: 'breaker', ...ns, limit: 200, goals: { cockatiel: 5, opossum: 5 } },
  /** The same where only failures in a row are counted. */
  { name: 'breaker-consecutive', ...ns, limit: 200, goals: { cockatiel: 5 } },
  /** A call that is not sent, since all fail. */
  { name: 'breaker-open', ...ns, limit: 200, goals: { cockatiel: 5, opossum: 5 } },
  /** A call that a rate lets pass. */
  { name: 'limiter', ...ns, limit: 200, goals: { bottleneck: 5, 'rate-limiter-flexible': 5 } },
  { name: 'limiter-refused', ...ns, limit: 200, goals: { bottleneck: 5, 'rate-limiter-flexible': 5 } },
  /** The same with a rate for each of a million users, who come in no order. */
  { name: 'keyed-limit-1e6', ...ns, limit: 500, goals: { 'rate-limiter-flexible': 5, '@fastify/rate-limit': 5 } },
  /** The same where each name has just been read from the wire, as a server's are: whoever knows it must look at its letters. */
  {
    name: 'keyed-limit-1e6-read',
    ...ns,
    limit: 500,
    goals: { 'rate-limiter-flexible': 5, '@fastify/rate-limit': 5 },
  },
  /** All that a server puts around a handler, where one trace in a hundred is sampled and only what goes wrong is logged. */
  { name: 'chain', ...ns, limit: 1500 },
  /** The same with a span and a line in the log for each call, written nowhere. */
  { name: 'chain-logged', ...ns },
  /** CPU of a server per request that a limit by address refuses, by that of a request that takes 1 ms. */
  { name: 'reject', unit: '% of 1 ms', better: 'lower', limit: 2, goals: { '@fastify/rate-limit': 5 } },
] as const satisfies readonly Row[];

export type RowName = (typeof rows)[number]['name'];
