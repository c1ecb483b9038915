import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { yieldNow } from 'flotilla/concurrency';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is reachable, in bytes. Two collections: what the first one finalizes, the second one frees. */
export async function reachableBytes(): Promise<number> {
  for (let round = 0; round < 2; round++) {
    await yieldNow();
    collect();
  }
  return process.memoryUsage().heapUsed;
}
