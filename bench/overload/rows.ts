import type { Row } from '../harness.ts';

/**
 * What takes long: burning a core at once, burning it after a wait (so that calls are taken on long before they cost
 * anything), or waiting for a dependency that is busy.
 */
export const routes = ['cpu', 'mixed', 'io'] as const;
export type Route = (typeof routes)[number];

/** Multiples of what the server can do. */
export const factors = [2, 5, 10] as const;
const floors = { 2: 95, 5: 90, 10: 80 } as const;

/** Of all requests, at three times what the server can do. */
export const mix = { critical: 0.2, default: 0.4, sheddable: 0.2, background: 0.2 } as const;
export type Priority = keyof typeof mix;
export const priorities = Object.keys(mix) as readonly Priority[];

const unit = '% in time';

export const rows: readonly Row[] = [
  ...routes.flatMap((route): readonly Row[] => [
    ...factors.map(
      (factor): Row => ({
        name: `${route}-${factor}x`,
        unit: '% of peak',
        better: 'higher',
        limit: floors[factor],
      }),
    ),
    { name: `${route}-p99`, unit: '× unloaded', better: 'lower', limit: 3 },
    { name: `${route}-recovery`, unit: 's', better: 'lower', limit: 2 },
  ]),
  { name: 'reject-cost', unit: '% of served', better: 'lower', limit: 2 },
  ...routes.flatMap((route) =>
    priorities.map(
      (priority): Row => ({
        name: `${route}-priority-${priority}`,
        unit,
        better: 'higher',
        ...(priority === 'critical' && { limit: 99 }),
      }),
    ),
  ),
];

export type Part = `${Route}` | `${Route}-priority`;
export const parts: readonly Part[] = [...routes, ...routes.map((route) => `${route}-priority` as const)];
