import './logs-view.css';
import { useMemo } from 'react';
import { links } from '../routing/links.ts';
import { navigate, usePlace } from '../routing/use-place.ts';
import { LogFilterBar } from './log-filter-bar.tsx';
import { type LogFilters, parseLogFilters } from './log-filters.ts';
import { LogsAround } from './logs-around.tsx';
import { LogsFound } from './logs-found.tsx';
import { LogsTail } from './logs-tail.tsx';

/** Log lines: followed live, searched, or around one of them, as the address says. */
export function LogsView() {
  const { params } = usePlace();
  const filters = useMemo(() => parseLogFilters(params), [params]);
  const change = (changed: Partial<LogFilters>, replace = false) => {
    const isLive = changed.isLive ?? params.get('live') !== '0';
    navigate(links.logs({ ...filters, around: undefined, ...changed, isLive }), { replace });
  };
  const canFollow = filters.range.kind === 'last' && filters.trace === '' && filters.around === undefined;
  return (
    <>
      <div className="page-head">
        <h1>Logs</h1>
        <div className="page-links">
          {filters.trace === '' && filters.around === undefined && (
            <a className="button" href={links.traces({ service: filters.service, range: filters.range })}>
              Traces
            </a>
          )}
          {filters.trace !== '' && (
            <a className="button" href={links.trace(filters.trace)}>
              Open trace
            </a>
          )}
          {canFollow && (
            <button
              type="button"
              className="button"
              aria-pressed={filters.isLive}
              onClick={() => change({ isLive: !filters.isLive })}
            >
              Live tail
            </button>
          )}
        </div>
      </div>
      <div className="stack">
        {filters.around === undefined && <LogFilterBar filters={filters} onChange={change} />}
        {filters.around !== undefined && <LogsAround filters={filters} around={filters.around} />}
        {filters.around === undefined && filters.isLive && <LogsTail filters={filters} />}
        {filters.around === undefined && !filters.isLive && <LogsFound filters={filters} />}
      </div>
    </>
  );
}
