/**
 * Encodes and decodes: `codec-worker.ts ours|protobuf-es|protobufjs`. For a line `encode flat 300` (way, shape, milliseconds)
 * it answers with the CPU nanoseconds of one message.
 */
import { createInterface } from 'node:readline';
import { type Shapes, shapeWorks } from './codec-works.ts';
import type { Shape } from './rows.ts';

const works: Shapes = await shapeWorks(process.argv[2] as 'ours' | 'protobuf-es' | 'protobufjs');

for await (const line of createInterface({ input: process.stdin })) {
  const [way, shape, ms] = line.split(' ');
  process.stdout.write(`${nanosPerRun(works[shape as Shape][way as 'encode' | 'decode'], Number(ms))}\n`);
}

function nanosPerRun(run: () => unknown, ms: number): number {
  let runs = 1;
  // Long enough that the clock's step does not matter, then as often as fits; the first of these warm up.
  while (cpuMicros(run, runs) < 2000) runs *= 2;
  const total = Math.max(1, Math.round((runs * ms) / (cpuMicros(run, runs) / 1000)));
  return (cpuMicros(run, total) * 1000) / total;
}

function cpuMicros(run: () => unknown, runs: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < runs; i++) run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
