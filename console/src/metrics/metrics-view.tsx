import './metrics-view.css';
import { useMemo, useState } from 'react';
import type { MetricName, MetricNamesAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { usePoll } from '../api/use-poll.ts';
import { formatPlace, paramsOf } from '../routing/place.ts';
import { navigate, usePlace } from '../routing/use-place.ts';
import { Panel } from '../ui/panel.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { ServiceField } from '../ui/service-field.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/state.tsx';
import { TextField } from '../ui/text-field.tsx';
import { MetricNames } from './metric-names.tsx';
import { MetricPanel } from './metric-panel.tsx';

/** All metrics by name, and the chosen one by service and labels. */
export function MetricsView() {
  const client = useCollector();
  const place = usePlace();
  const poll = usePoll<MetricNamesAnswer>('metric names', (signal) => client.get('metrics', {}, signal), 5000);
  const [filter, setFilter] = useState('');
  const service = place.params.get('service') ?? '';
  const names = useMemo(() => [...(poll.data?.names ?? [])].sort((a, b) => a.name.localeCompare(b.name)), [poll.data]);
  const chosen = place.params.get('name') ?? defaultMetric(names);
  const address = (changed: Record<string, string>) => formatPlace(place.path, { ...paramsOf(place), ...changed });
  const set = (changed: Record<string, string>) => navigate(address(changed));
  const matching = names.filter((each) => each.name.toLowerCase().includes(filter.trim().toLowerCase()));
  return (
    <>
      <div className="page-head">
        <h1>Metrics</h1>
      </div>
      {poll.data === undefined && poll.error === undefined && <Skeleton rows={12} />}
      {poll.data === undefined && poll.error !== undefined && <ErrorState error={poll.error} onRetry={poll.reload} />}
      {poll.data !== undefined && names.length === 0 && (
        <EmptyState title="No metrics yet">
          Every service sends its metrics every few seconds; the first arrive soon after its start.
        </EmptyState>
      )}
      {names.length > 0 && (
        <div className="metrics">
          <Panel title={`${names.length} metrics`} className="metrics-list">
            <div className="metrics-filter">
              <TextField label="Find a metric" type="search" value={filter} onCommit={setFilter} isMainSearch />
            </div>
            <MetricNames names={matching} chosen={chosen} addressOf={(name) => address({ name })} />
          </Panel>
          <div className="stack">
            <div className="filters">
              <div className="metrics-select">
                <SelectField
                  label="Metric"
                  value={chosen}
                  options={names.map(({ name }) => [name, name])}
                  onChange={(name) => set({ name })}
                />
              </div>
              <ServiceField value={service} onChange={(next) => set({ service: next })} />
            </div>
            {chosen !== '' && (
              <MetricPanel
                key={chosen}
                name={chosen}
                about={names.find((each) => each.name === chosen)}
                service={service}
              />
            )}
          </div>
        </div>
      )}
    </>
  );
}

/** How long calls take is what most people come for. */
function defaultMetric(names: readonly MetricName[]): string {
  const durations = ['rpc.server.call.duration', 'http.server.call.duration'];
  return durations.find((name) => names.some((each) => each.name === name)) ?? names[0]?.name ?? '';
}
