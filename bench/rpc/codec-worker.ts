/**
 * Encodes and decodes: `codec-worker.ts ours|protobuf-es|protobufjs`. For a line `encode flat 300` (way, shape, milliseconds)
 * it answers with the CPU nanoseconds of one message, threads of the compiler and of the garbage collector included.
 */
import { createInterface } from 'node:readline';
import { type Shapes, shapeWorks } from './codec-works.ts';
import type { Shape } from './rows.ts';
import { SteadyWork } from './steady-work.ts';

const who = process.argv[2] as 'ours' | 'protobuf-es' | 'protobufjs';
const shapes: Shapes = await shapeWorks(who);
const works = new Map<string, SteadyWork>();

for await (const line of createInterface({ input: process.stdin })) {
  const [way, shape, ms] = line.split(' ');
  const name = `${way} ${shape}`;
  let work = works.get(name);
  if (work === undefined) {
    work = new SteadyWork(shapes[shape as Shape][way as 'encode' | 'decode']);
    works.set(name, work);
  }
  process.stdout.write(`${work.nanosPerRun(Number(ms))}\n`);
}
