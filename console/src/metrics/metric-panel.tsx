import type { MetricName } from '../api/answers.ts';
import { formatPlace, paramsOf } from '../routing/place.ts';
import { navigate, usePlace } from '../routing/use-place.ts';
import { useRange } from '../time/use-range.ts';
import { Panel } from '../ui/panel.tsx';
import { ErrorState, Skeleton } from '../ui/state.tsx';
import { MetricChart } from './metric-chart.tsx';
import { hasOverflow, histogramStats } from './metric-lines.ts';
import { useMetric } from './use-metric.ts';

export interface MetricPanelProps {
  readonly name: string;
  readonly about: MetricName | undefined;
  /** Empty for all. */
  readonly service: string;
}

/** One metric: what it is, how it is looked at, and its chart. Statistic and instances stand in the address. */
export function MetricPanel({ name, about, service }: MetricPanelProps) {
  const place = usePlace();
  const poll = useMetric(name, service, useRange());
  const stat = histogramStats.find((each) => each === place.params.get('stat')) ?? 'p99';
  const isByInstance = place.params.get('by') === 'instance';
  const set = (changed: Record<string, string | undefined>) =>
    navigate(formatPlace(place.path, { ...paramsOf(place), ...changed }), { replace: true });
  const { data, error } = poll;
  const choices = data !== undefined && data.type !== 'gauge' && (
    <fieldset className="stats" aria-label="How to show it">
      {data.type === 'histogram' &&
        histogramStats.map((each) => (
          <Choice key={each} text={each} isOn={each === stat} onChoose={() => set({ stat: each })} />
        ))}
      <Choice
        text="by instance"
        isOn={isByInstance}
        onChoose={() => set({ by: isByInstance ? undefined : 'instance' })}
      />
    </fieldset>
  );
  return (
    <Panel title={name} isBusy={poll.isLoading && data !== undefined} aside={choices || data?.type}>
      <p className="metric-about">{about?.description || 'This metric has no description.'}</p>
      {data !== undefined && hasOverflow(data.series) && (
        <p className="metric-overflow">
          Too many label values: some are counted together under “overflow”, so figures by label are too low.
        </p>
      )}
      {data?.incomplete === true && (
        <p className="metric-overflow">There are more lines than these: choose a service to see all of it.</p>
      )}
      {data === undefined && error === undefined && <Skeleton rows={8} />}
      {data === undefined && error !== undefined && <ErrorState error={error} onRetry={poll.reload} />}
      {data !== undefined && (
        <MetricChart answer={data} service={service} stat={stat} stepMs={poll.stepMs} isByInstance={isByInstance} />
      )}
    </Panel>
  );
}

function Choice({
  text,
  isOn,
  onChoose,
}: {
  readonly text: string;
  readonly isOn: boolean;
  readonly onChoose: () => void;
}) {
  return (
    <button type="button" className="button" data-size="small" aria-pressed={isOn} onClick={onChoose}>
      {text}
    </button>
  );
}
