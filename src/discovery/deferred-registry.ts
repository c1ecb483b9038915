import type { Context } from '../concurrency/index.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Instance, Registration, Registry, Snapshot } from './registry.ts';

/**
 * A registry that is made when it is first used: for code that should be loaded only where it is needed. A `make` that fails
 * fails what was asked for, and is tried again for what is asked for next.
 */
export function deferredRegistry(make: () => Promise<Registry>): Registry {
  let made: Promise<Registry> | undefined;
  let isClosed = false;
  const registry = (): Promise<Registry> => {
    if (isClosed) return Promise.reject(DiscoveryErrors.REGISTRY_CLOSED('the registry was closed'));
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return {
    async register(ctx: Context, instance: Instance): Promise<Registration> {
      return (await registry()).register(ctx, instance);
    },
    async *watch(ctx: Context, service: string): AsyncIterable<Snapshot> {
      if (!isClosed) yield* (await registry()).watch(ctx, service);
    },
    async *watchAll(ctx: Context): AsyncIterable<readonly Snapshot[]> {
      if (!isClosed) yield* (await registry()).watchAll(ctx);
    },
    async close(): Promise<void> {
      isClosed = true;
      // One that could not be made has nothing to close.
      await (await made?.catch(() => undefined))?.close();
    },
  };
}
