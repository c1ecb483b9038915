import { createContext, type ReactNode, useContext, useMemo } from 'react';
import type { Service, ServicesAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { type Poll, usePoll } from '../api/use-poll.ts';
import { assignColors, hashColor } from '../theme/service-color.ts';

/** The services that the collector knows, for every view: names to choose from and a colour for each. */
export interface Fleet {
  readonly poll: Poll<ServicesAnswer>;
  readonly services: readonly Service[];
  /** The custom property of the service's colour: `--series-3`. Also for services that are not known. */
  colorToken(service: string): string;
}

const FleetContext = createContext<Fleet | undefined>(undefined);

/** Asks for the services every 3 s while the page is visible. */
export function FleetProvider({ children }: { readonly children: ReactNode }) {
  const client = useCollector();
  const poll = usePoll<ServicesAnswer>('services', (signal) => client.get('services', {}, signal), 3000);
  const services = useMemo(
    () => [...(poll.data?.services ?? [])].sort((a, b) => a.name.localeCompare(b.name)),
    [poll.data],
  );
  const names = services.map((service) => service.name).join('\n');
  const colors = useMemo(() => assignColors(names === '' ? [] : names.split('\n')), [names]);
  const fleet = useMemo<Fleet>(
    () => ({ poll, services, colorToken: (service) => `--series-${colors.get(service) ?? hashColor(service)}` }),
    [poll, services, colors],
  );
  return <FleetContext value={fleet}>{children}</FleetContext>;
}

export function useFleet(): Fleet {
  const fleet = useContext(FleetContext);
  if (fleet === undefined) throw new Error('useFleet is used outside of a FleetProvider');
  return fleet;
}
