import '../ui/table.css';
import type { MetricAnswer } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { usePoll } from '../api/use-poll.ts';
import { formatDuration } from '../format/duration.ts';
import { shortenMethods } from '../format/method-name.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { links } from '../routing/links.ts';
import { boundsOf, lengthOf, stepFor, type TimeRange } from '../time/time-range.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, Skeleton } from '../ui/state.tsx';
import { type Route, routesOf } from './routes.ts';

const durations = ['http.server.call.duration', 'rpc.server.call.duration'];

/** The methods of a service with rate, errors and latency; each leads to its traces. */
export function RouteTable({ service, range }: { readonly service: string; readonly range: TimeRange }) {
  const routes = useRoutes(service, range);
  return (
    <Panel title="Methods" aside={routes === undefined || routes.length === 0 ? undefined : `${routes.length}`}>
      {routes === undefined && <Skeleton rows={4} />}
      {routes?.length === 0 && <EmptyState title="No metrics of its methods in this time" isQuiet />}
      {routes !== undefined && routes.length > 0 && (
        <table className="table routes" aria-label={`Methods of ${service}`}>
          <thead>
            <tr>
              <th scope="col">Method</th>
              <th scope="col" className="right">
                Requests
              </th>
              <th scope="col" className="right">
                Errors
              </th>
              <th scope="col" className="right">
                p50
              </th>
              <th scope="col" className="right">
                p99
              </th>
            </tr>
          </thead>
          <tbody>
            {routes.map((route) => (
              <tr key={route.method}>
                <td className="breaking">
                  <a href={links.traces({ service, q: route.method, range })}>{shortenMethods(route.method)}</a>
                </td>
                <td className="right number">{formatRate(route.requestsPerSecond)}</td>
                <td className={`right number ${route.errorRate > 0 ? 'bad' : ''}`}>{formatPercent(route.errorRate)}</td>
                <td className="right number">{formatDuration(route.p50Ms)}</td>
                <td className="right number">{formatDuration(route.p99Ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function useRoutes(service: string, range: TimeRange): readonly Route[] | undefined {
  const client = useCollector();
  const stepMs = stepFor(lengthOf(range), 30);
  const { data } = usePoll(
    `routes ${service} ${JSON.stringify(range)}`,
    (signal) => {
      const { sinceMs, untilMs } = boundsOf(range, Date.now());
      const window = { since: sinceMs, until: untilMs, stepMs };
      return Promise.all(
        durations.map((name) => client.get<MetricAnswer>('metrics', { name, service, ...window }, signal)),
      );
    },
    range.kind === 'last' ? 10_000 : undefined,
  );
  return data === undefined ? undefined : routesOf(data, stepMs);
}
