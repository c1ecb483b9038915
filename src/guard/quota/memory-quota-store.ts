import { type Clock, systemClock } from '../../concurrency/index.ts';
import { LeaseBook } from './lease-book.ts';
import type { QuotaStore } from './quota-store.ts';

export interface MemoryQuotaStoreOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** A store for the instances within one process; answers at once. */
export function memoryQuotaStore({ clock = systemClock }: MemoryQuotaStoreOptions = {}): QuotaStore {
  const book = new LeaseBook();
  return {
    async exchange(ctx, report) {
      ctx.throwIfDone();
      return book.exchange(report, clock.now());
    },
    async release(ctx, instance) {
      ctx.throwIfDone();
      book.release(instance);
    },
  };
}
