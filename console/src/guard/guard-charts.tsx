import { useMemo } from 'react';
import { formatDuration } from '../format/duration.ts';
import { formatRate } from '../format/number.ts';
import { metricLines } from '../metrics/metric-lines.ts';
import type { TimeRange } from '../time/time-range.ts';
import { useAxisBounds, useZoom } from '../time/use-range.ts';
import { Chart } from '../ui/chart.tsx';
import { decisionLines, type GuardAnswers, linesBy } from './guard-tables.ts';

const colours = ['--series-0', '--error', '--series-1', '--series-6', '--series-2', '--series-3', '--series-4'];
const maxLoops = 7;

/** What was let in and refused, and what calls waited for the event loop. */
export function GuardCharts({ answers, range }: { readonly answers: GuardAnswers; readonly range: TimeRange }) {
  const bounds = useAxisBounds(range, answers);
  const onZoom = useZoom();
  const decisions = useMemo(() => decisionLines(answers.decisions), [answers]);
  const refusals = useMemo(() => linesBy('why', answers.refusals), [answers]);
  const delays = useMemo(
    () =>
      answers.delay === undefined
        ? { timesMs: [], lines: [] }
        : metricLines(answers.delay, { stat: 'mean', stepMs: 1000, isByInstance: true }),
    [answers],
  );
  const shared = { bounds, onZoom, syncKey: 'guard', emptyText: 'Nothing in this time' };
  return (
    <div className="rate-charts">
      <div className="panel">
        <Chart
          {...shared}
          title="Calls of servers"
          timesMs={decisions.timesMs}
          series={decisions.lines.map(({ decision, values }, index) => ({
            label: decision.replaceAll('_', ' '),
            colorToken: colours[index % colours.length]!,
            values,
          }))}
          format={formatRate}
        />
      </div>
      <div className="panel">
        <Chart
          {...shared}
          title="Why overloaded servers refuse"
          timesMs={refusals.timesMs}
          series={refusals.lines.map(({ decision, values }, index) => ({
            label: decision,
            colorToken: colours[(index + 1) % colours.length]!,
            values,
          }))}
          format={formatRate}
          emptyText="No server was overloaded"
        />
      </div>
      <div className="panel">
        <Chart
          {...shared}
          title="Wait for the loop"
          timesMs={delays.timesMs}
          series={delays.lines.slice(0, maxLoops).map(({ name, service, values }, index) => ({
            label: name || service,
            colorToken: colours[index % colours.length]!,
            values: values.map((seconds) => (seconds === null ? null : seconds * 1000)),
          }))}
          format={formatDuration}
        />
      </div>
    </div>
  );
}
