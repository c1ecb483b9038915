import { links } from '../routing/links.ts';
import type { Place } from '../routing/place.ts';
import { RangePicker } from '../time/range-picker.tsx';
import { useRange } from '../time/use-range.ts';

/** Brand, the six views, and the time range, which goes along from one view to the next. */
export function Header({ place }: { readonly place: Place }) {
  const range = useRange();
  const [view = 'services', id] = place.path;
  const views = [
    ['services', 'Services', links.services(range)],
    ['traces', 'Traces', links.traces({ range })],
    ['logs', 'Logs', links.logs({ range })],
    ['map', 'Map', links.map(range)],
    ['guard', 'Guard', links.guard('', range)],
    ['metrics', 'Metrics', links.metrics({}, range)],
  ] as const;
  const hasRange = !(view === 'traces' && id !== undefined);
  return (
    <header className="header">
      <div className="header-inner">
        <a className="brand" href={links.services(range)} aria-label="Flotilla console, start page">
          <Sails />
          <span>Flotilla</span>
        </a>
        <nav className="nav" aria-label="Views">
          {views.map(([name, text, href]) => (
            <a key={name} href={href} aria-current={name === view ? 'page' : undefined}>
              {text}
            </a>
          ))}
        </nav>
        <div className="header-range">{hasRange && <RangePicker />}</div>
      </div>
    </header>
  );
}

function Sails() {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <rect width="24" height="24" rx="6" fill="var(--accent)" />
      <path
        d="M5 16.5h14M7.5 13.5V7.2l4.3 6.3zM13.6 13.5V5.2l5 8.3z"
        fill="var(--accent-ink)"
        stroke="var(--accent-ink)"
        strokeWidth="1.4"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}
