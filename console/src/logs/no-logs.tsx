import { AppLink } from '../fleet/app-link.tsx';
import { links } from '../routing/links.ts';
import { EmptyState } from '../ui/state.tsx';
import type { LogFilters } from './log-filters.ts';

/** An empty result, with a way to a wider one. */
export function NoLogs({
  filters,
  isFollowing = false,
}: {
  readonly filters: LogFilters;
  readonly isFollowing?: boolean;
}) {
  const isNarrowed = filters.q !== '' || filters.service !== '' || filters.level !== '' || filters.trace !== '';
  const wide = { ...filters, range: { kind: 'last', name: '24h' }, isLive: filters.isLive } as const;
  if (filters.trace !== '')
    return <EmptyState title="No log lines of this trace">Its services wrote none with this trace id.</EmptyState>;
  return (
    <EmptyState title={isNarrowed ? 'No lines match' : 'No log lines yet'}>
      {isFollowing && 'New lines appear here as they arrive. '}
      {!isNarrowed && (
        <>
          Open <AppLink /> and send a gift to see some.
        </>
      )}
      <div className="state-actions">
        {isNarrowed && (
          <a className="button" href={links.logs({ range: filters.range })}>
            Clear filters
          </a>
        )}
        <a className="button" href={links.logs(wide)}>
          Search the last 24 hours
        </a>
      </div>
    </EmptyState>
  );
}
