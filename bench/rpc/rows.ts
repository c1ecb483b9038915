import type { Row } from '../harness.ts';

/** What a client puts on its server. */
export interface Load {
  readonly kind: 'unary' | 'stream';
  readonly callers: number;
  /** Whether ours runs as a service does, or without guard, telemetry and time limits. Peers run in one form. */
  readonly form: 'bare' | 'full';
}

export const loads = {
  'unary-1-bare': { kind: 'unary', callers: 1, form: 'bare' },
  'unary-64-bare': { kind: 'unary', callers: 64, form: 'bare' },
  'unary-64-full': { kind: 'unary', callers: 64, form: 'full' },
  'unary-512-bare': { kind: 'unary', callers: 512, form: 'bare' },
  'stream-64': { kind: 'stream', callers: 64, form: 'bare' },
} as const satisfies Readonly<Record<string, Load>>;

export type LoadName = keyof typeof loads;
export const loadNames = Object.keys(loads) as readonly LoadName[];

export const shapes = ['flat', 'chat', 'nested', 'list', 'mixed'] as const;
export type Shape = (typeof shapes)[number];

const goals: Readonly<Record<LoadName, Readonly<Record<string, number>>>> = {
  'unary-1-bare': { 'grpc-js': 3, 'connect-grpc': 3 },
  'unary-64-bare': { 'grpc-js': 40, 'connect-grpc': 100, 'grpc-go': 4 },
  'unary-64-full': { 'grpc-js': 25, 'grpc-go': 2.5 },
  'unary-512-bare': {},
  'stream-64': {},
};

export const codecRows: readonly Row[] = ['encode', 'decode'].flatMap((way) =>
  shapes.map(
    (shape): Row => ({
      name: `codec-${way}-${shape}`,
      unit: 'ns',
      better: 'lower',
      goals: { 'protobuf-es': 4, protobufjs: 1 },
    }),
  ),
);

/** Calls (on streams: messages) per second, their latencies, and the CPU time of both processes per call. */
export const rows: readonly Row[] = [
  ...loadNames.flatMap((name): Row[] => [
    { name, unit: 'calls/s', better: 'higher', goals: goals[name] },
    { name: `p50-${name}`, unit: 'ms', better: 'lower' },
    { name: `p99-${name}`, unit: 'ms', better: 'lower', ...(name === 'unary-64-full' && { limit: 1.5 }) },
    { name: `cpu-client-${name}`, unit: 'µs', better: 'lower' },
    { name: `cpu-server-${name}`, unit: 'µs', better: 'lower' },
  ]),
  ...codecRows,
];
