import { rootContext } from '../../concurrency/index.ts';
import { virtualClock } from '../../testing/index.ts';
import { memoryQuotaStore } from './memory-quota-store.ts';
import { quotaStoreContract } from './quota-store.contract.ts';

quotaStoreContract('in memory', async () => {
  const clock = virtualClock();
  return {
    store: memoryQuotaStore({ clock }),
    ctx: rootContext(clock),
    pass: (ms) => clock.advance(ms),
    close: async () => {},
  };
});
