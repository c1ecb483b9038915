import { createContext, useCallback, useContext, useSyncExternalStore } from 'react';
import type { Availability, CollectorClient } from './collector-client.ts';

/** The client that the whole console uses; set once, in main.tsx. */
export const CollectorContext = createContext<CollectorClient | undefined>(undefined);

export function useCollector(): CollectorClient {
  const client = useContext(CollectorContext);
  if (client === undefined) throw new Error('useCollector is used outside of a CollectorContext');
  return client;
}

export function useAvailability(): Availability {
  const client = useCollector();
  const subscribe = useCallback((listener: () => void) => client.subscribe(listener), [client]);
  return useSyncExternalStore(subscribe, () => client.availability);
}
