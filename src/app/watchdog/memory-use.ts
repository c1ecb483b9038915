import { totalmem } from 'node:os';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';

/** What a process holds of what it may, in bytes. */
export interface MemoryUse {
  /** In the old generation: what is young is mostly garbage, and has room of its own. */
  readonly heapUsed: number;
  /** At this size of the old generation V8 ends the process. */
  readonly heapLimit: number;
  readonly resident: number;
  /** Of the control group (v1 or v2), or else the memory of the machine. */
  readonly residentLimit: number;
}

export function memoryUse(): MemoryUse {
  const heap = getHeapStatistics();
  const young = getHeapSpaceStatistics().filter(({ space_name: name }) => name.startsWith('new_'));
  return {
    heapUsed: young.reduce((left, space) => left - space.space_used_size, heap.used_heap_size),
    heapLimit: oldLimitOf(heap.heap_size_limit, [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')),
    resident: process.memoryUsage.rss(),
    residentLimit: limitOf(process.constrainedMemory(), totalmem()),
  };
}

const mebibyte = 1024 * 1024;
/** V8 reserves three semi-spaces for the young generation, of so much each unless a flag says otherwise. */
const semiSpaces = 3;
const defaultSemiSpaceMiB = 32;

/** V8 tells one limit for both generations; a small old one can be full long before all of that is used. */
export function oldLimitOf(heapLimit: number, flags: string): number {
  const flag = /--max[-_]semi[-_]space[-_]size=(\d+)/.exec(flags)?.[1];
  const young = semiSpaces * (flag === undefined ? defaultSemiSpaceMiB : Number(flag)) * mebibyte;
  return Math.max(heapLimit - young, heapLimit / 2);
}

/** A group without a limit says nothing, 0, or a number that no machine has. */
export function limitOf(constrained: number | undefined, total: number): number {
  return constrained !== undefined && constrained > 0 && constrained < total ? constrained : total;
}
