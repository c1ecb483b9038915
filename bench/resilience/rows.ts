import type { Row } from '../harness.ts';

/** What is measured together, with its rows. */
export const parts = ['tiers', 'slow-node', 'hedge', 'half-failing'] as const;
export type Part = (typeof parts)[number];

export const rows: readonly Row[] = [
  { name: 'tiers-attempts', unit: 'calls per request', better: 'lower', limit: 1.33 },
  { name: 'slow-node-p99', unit: '× healthy', better: 'lower', limit: 1.5 },
  { name: 'hedge-p999', unit: '× p95', better: 'lower', limit: 2 },
  { name: 'hedge-extra', unit: 'calls per call', better: 'lower', limit: 0.05 },
  { name: 'half-failing-ejected', unit: 'intervals', better: 'lower', limit: 2 },
];
