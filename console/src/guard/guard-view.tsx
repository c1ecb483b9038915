import '../services/service-view.css';
import { useMemo } from 'react';
import { formatDuration } from '../format/duration.ts';
import { shortenMethods } from '../format/method-name.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { links } from '../routing/links.ts';
import { formatPlace, paramsOf } from '../routing/place.ts';
import { navigate, usePlace } from '../routing/use-place.ts';
import type { TimeRange } from '../time/time-range.ts';
import { useRange } from '../time/use-range.ts';
import { Badge } from '../ui/badge.tsx';
import { ServiceField } from '../ui/service-field.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/state.tsx';
import { RefusedTable } from './decision-table.tsx';
import { Fill, type GaugeColumn, GaugeTable } from './gauge-table.tsx';
import { GuardCharts } from './guard-charts.tsx';
import {
  decisionRows,
  fullness,
  type GaugeRow,
  type GuardAnswers,
  type GuardMetric,
  gaugeRows,
} from './guard-tables.ts';
import { useGuard } from './use-guard.ts';

/** What keeps the fleet standing: who is admitted and refused and why, and the state of every limit. */
export function GuardView() {
  const place = usePlace();
  const range = useRange();
  const service = place.params.get('service') ?? '';
  const poll = useGuard(service, range);
  const set = (next: string) => navigate(formatPlace(place.path, { ...paramsOf(place), service: next }));
  return (
    <>
      <div className="page-head">
        <h1>Guard</h1>
        <nav className="page-links" aria-label="More about guards">
          <a className="button" href={links.logs({ service, level: 'warn', range })}>
            Warnings
          </a>
        </nav>
      </div>
      <div className="stack">
        <div className="filters">
          <ServiceField value={service} onChange={set} />
        </div>
        {poll.data === undefined && poll.error === undefined && <Skeleton rows={8} />}
        {poll.data === undefined && poll.error !== undefined && <ErrorState error={poll.error} onRetry={poll.reload} />}
        {poll.data !== undefined && <Guards answers={poll.data} range={range} />}
      </div>
    </>
  );
}

function Guards({ answers, range }: { readonly answers: GuardAnswers; readonly range: TimeRange }) {
  const rows = useMemo(() => decisionRows(answers.decisions), [answers]);
  if (Object.values(answers).every(({ series }) => series.length === 0)) {
    return (
      <EmptyState title="No guard has told of anything in this time">
        Servers and clients tell of their guards with their first calls.
      </EmptyState>
    );
  }
  return (
    <>
      <GuardCharts answers={answers} range={range} />
      <RefusedTable rows={rows} range={range} />
      {tables.map(({ title, metrics, columns, keep, order }) => (
        <GaugeTable
          key={title}
          title={title}
          rows={gaugeRows(answers, metrics)
            .filter(keep ?? (() => true))
            .sort(order)}
          columns={columns}
          range={range}
        />
      ))}
    </>
  );
}

interface TableOfGauges {
  readonly title: string;
  readonly metrics: readonly GuardMetric[];
  readonly columns: readonly GaugeColumn[];
  /** Default: all. */
  readonly keep?: (row: GaugeRow) => boolean;
  readonly order: (a: GaugeRow, b: GaugeRow) => number;
}

const byFullness = (used: GuardMetric, limit: GuardMetric) => (a: GaugeRow, b: GaugeRow) =>
  fullness(b, used, limit) - fullness(a, used, limit) || byLabels(a, b);
const byLabels = (a: GaugeRow, b: GaugeRow) =>
  JSON.stringify([a.service, a.labels, a.instance]) < JSON.stringify([b.service, b.labels, b.instance]) ? -1 : 1;
const highest = (metric: GuardMetric) => (a: GaugeRow, b: GaugeRow) =>
  (b.values[metric] ?? 0) - (a.values[metric] ?? 0) || byLabels(a, b);

const label = (title: string, name: string): GaugeColumn => ({
  title,
  cell: ({ labels }) => shortenMethods(labels[name] ?? ''),
});
const gauge = (title: string, metric: GuardMetric, format: (value: number) => string): GaugeColumn => ({
  title,
  isNumber: true,
  cell: ({ values }) => (values[metric] === undefined ? '' : format(values[metric])),
});
const count = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(1));

const tables: readonly TableOfGauges[] = [
  {
    title: 'Event loops',
    metrics: ['level', 'delay'],
    columns: [
      { title: 'Admits', cell: ({ values }) => <Admitted share={values.level} /> },
      gauge('Every call waits', 'delay', (seconds) => formatDuration(seconds * 1000)),
    ],
    order: (a, b) => (a.values.level ?? 1) - (b.values.level ?? 1) || byLabels(a, b),
  },
  {
    title: 'Calls at a time',
    metrics: ['limits', 'inFlight'],
    columns: [
      label('Method', 'method'),
      {
        title: 'In flight of the limit',
        cell: (row) => (
          <Fill
            share={fullness(row, 'inFlight', 'limits')}
            text={`${count(row.values.inFlight ?? 0)} of ${count(row.values.limits ?? 0)}`}
          />
        ),
      },
    ],
    order: byFullness('inFlight', 'limits'),
  },
  {
    title: 'Bulkheads',
    metrics: ['bulkheadsInFlight', 'bulkheadsQueued'],
    columns: [
      label('Name', 'name'),
      gauge('In flight', 'bulkheadsInFlight', count),
      gauge('Waiting', 'bulkheadsQueued', count),
    ],
    order: highest('bulkheadsQueued'),
  },
  {
    title: 'Breakers',
    metrics: ['breakerStates', 'breakerRefused'],
    columns: [
      label('Target', 'target'),
      label('Method', 'method'),
      {
        title: 'State',
        cell: ({ values }) => <BreakerState state={values.breakerStates} share={values.breakerRefused} />,
      },
      gauge('Refused', 'breakerRefused', formatPercent),
    ],
    order: (a, b) => (b.values.breakerStates ?? 0) - (a.values.breakerStates ?? 0) || highest('breakerRefused')(a, b),
  },
  {
    title: 'Retry budgets',
    metrics: ['retryTokens'],
    columns: [label('Target', 'target'), gauge('Retries left', 'retryTokens', (value) => value.toFixed(1))],
    order: (a, b) => (a.values.retryTokens ?? 0) - (b.values.retryTokens ?? 0) || byLabels(a, b),
  },
  {
    title: 'Ejected nodes',
    metrics: ['ejected'],
    columns: [label('Target', 'target'), gauge('Nodes', 'ejected', count)],
    keep: ({ values }) => (values.ejected ?? 0) > 0,
    order: highest('ejected'),
  },
  {
    title: 'Memory',
    metrics: ['memory'],
    columns: [
      label('Of', 'memory'),
      { title: 'Used', cell: ({ values: { memory = 0 } }) => <Fill share={memory} text={formatPercent(memory)} /> },
    ],
    keep: ({ values: { memory = 0 } }) => memory >= 0.5,
    order: highest('memory'),
  },
  {
    title: 'Quotas',
    metrics: ['quotaShares', 'quotaWants'],
    columns: [
      label('Tenant', 'tenant'),
      {
        title: 'Wants of its share',
        cell: (row) => (
          <Fill
            share={fullness(row, 'quotaWants', 'quotaShares')}
            text={`${formatRate(row.values.quotaWants ?? 0)} of ${formatRate(row.values.quotaShares ?? 0)}`}
          />
        ),
      },
    ],
    order: byFullness('quotaWants', 'quotaShares'),
  },
];

function Admitted({ share = 1 }: { readonly share: number | undefined }) {
  return share >= 1 ? <Badge tone="ok">all</Badge> : <Badge tone="warn">{formatPercent(share)} of the levels</Badge>;
}

function BreakerState({
  state = 0,
  share = 0,
}: {
  readonly state: number | undefined;
  readonly share: number | undefined;
}) {
  if (state >= 2) return <Badge tone="error">open</Badge>;
  if (state >= 1) return <Badge tone="warn">half open</Badge>;
  return share > 0 ? <Badge tone="warn">throttling</Badge> : <Badge tone="ok">closed</Badge>;
}
