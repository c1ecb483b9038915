import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

/** What a process holds of what it may, in bytes. */
export interface MemoryUse {
  readonly heapUsed: number;
  /** Where V8 gives up. */
  readonly heapLimit: number;
  readonly resident: number;
  /** Of the control group (v1 or v2), or else the memory of the machine. */
  readonly residentLimit: number;
}

export function memoryUse(): MemoryUse {
  const heap = getHeapStatistics();
  return {
    heapUsed: heap.used_heap_size,
    heapLimit: heap.heap_size_limit,
    resident: process.memoryUsage.rss(),
    residentLimit: limitOf(process.constrainedMemory(), totalmem()),
  };
}

/** A group without a limit says nothing, 0, or a number that no machine has. */
export function limitOf(constrained: number | undefined, total: number): number {
  return constrained !== undefined && constrained > 0 && constrained < total ? constrained : total;
}
