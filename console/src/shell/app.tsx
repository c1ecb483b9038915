import '../ui/controls.css';
import './app.css';
import { useEffect, useEffectEvent, useRef } from 'react';
import { FleetProvider } from '../fleet/fleet-context.tsx';
import { GuardView } from '../guard/guard-view.tsx';
import { LogsView } from '../logs/logs-view.tsx';
import { MapView } from '../map/map-view.tsx';
import { MetricsView } from '../metrics/metrics-view.tsx';
import { links } from '../routing/links.ts';
import type { Place } from '../routing/place.ts';
import { usePlace } from '../routing/use-place.ts';
import { useScrollMemory } from '../routing/use-scroll-memory.ts';
import { ServiceView } from '../services/service-view.tsx';
import { ServicesView } from '../services/services-view.tsx';
import { TraceView } from '../traces/trace-view.tsx';
import { TracesView } from '../traces/traces-view.tsx';
import { EmptyState } from '../ui/state.tsx';
import { AwayBanner } from './away-banner.tsx';
import { Header } from './header.tsx';

/** The page: header, the view of the address, and the banner when the collector is away. */
export function App() {
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  useArrival(place, main);
  return (
    <FleetProvider>
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Header place={place} />
      <main ref={main} tabIndex={-1} className="page">
        <View place={place} />
      </main>
      <AwayBanner />
    </FleetProvider>
  );
}

function View({ place }: { readonly place: Place }) {
  const [view = 'services', id] = place.path;
  if (view === 'services') return id === undefined ? <ServicesView /> : <ServiceView key={id} name={id} />;
  if (view === 'traces') return id === undefined ? <TracesView /> : <TraceView key={id} traceId={id} />;
  if (view === 'logs') return <LogsView />;
  if (view === 'map') return <MapView />;
  if (view === 'guard') return <GuardView />;
  if (view === 'metrics') return <MetricsView />;
  return (
    <EmptyState title="There is no such page">
      The address names no view of this console. <a href={links.services()}>Go to the services</a>
    </EmptyState>
  );
}

/** A new view starts at its top (a revisited one where it was left), with the focus on its content and its name as the page's title. */
function useArrival(place: Place, main: { readonly current: HTMLElement | null }): void {
  const path = place.path.join('/');
  const first = useRef(true);
  const scrollTop = useEffectEvent(useScrollMemory());
  useEffect(() => {
    const [view = 'services', id] = path.split('/').filter((segment) => segment !== '');
    const name = view.charAt(0).toUpperCase() + view.slice(1);
    document.title = `${id === undefined ? name : `${view === 'traces' ? `Trace ${id.slice(0, 8)}` : id}`} · Flotilla`;
    if (first.current) {
      first.current = false;
      return;
    }
    window.scrollTo(0, scrollTop());
    main.current?.focus({ preventScroll: true });
  }, [path, main]);
}
