import './service-view.css';
import './services-view.css';
import { Fragment } from 'react';
import type { RatesAnswer, Service } from '../api/answers.ts';
import { useCollector } from '../api/collector-context.ts';
import { usePoll } from '../api/use-poll.ts';
import { useFleet } from '../fleet/fleet-context.tsx';
import { formatDuration } from '../format/duration.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { LaneServiceRows } from '../lanes/lane-service-rows.tsx';
import { links } from '../routing/links.ts';
import { boundsOf, lengthOf, stepFor, type TimeRange } from '../time/time-range.ts';
import { useRange } from '../time/use-range.ts';
import { Panel } from '../ui/panel.tsx';
import { ServiceName } from '../ui/service-name.tsx';
import { Sparkline } from '../ui/sparkline.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/state.tsx';
import { Replicas } from './instance-state.tsx';
import { RecentTraces } from './recent-traces.tsx';
import { RecentWarnings } from './recent-warnings.tsx';
import { completed } from './use-rates.ts';

/** Every service with its replicas, health and the last minute of its traffic. */
export function ServicesView() {
  const { poll, services } = useFleet();
  const range = useRange();
  return (
    <>
      <div className="page-head">
        <h1>Services</h1>
      </div>
      <Panel
        title={services.length === 1 ? '1 service' : `${services.length} services`}
        aside="Figures are of the last minute"
      >
        {poll.data === undefined && poll.error === undefined && <Skeleton rows={5} rowPx={52} />}
        {poll.data === undefined && poll.error !== undefined && <ErrorState error={poll.error} onRetry={poll.reload} />}
        {poll.data !== undefined && services.length === 0 && (
          <EmptyState title="No services yet">
            Start a fleet with <code>flotilla up</code>: each service shows up here as soon as it registers.
          </EmptyState>
        )}
        {services.length > 0 && (
          <table className="services" aria-label="Services">
            <thead>
              <tr>
                <th scope="col">Service</th>
                <th scope="col">Replicas</th>
                <th scope="col">Version</th>
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
                <th scope="col">Traffic</th>
              </tr>
            </thead>
            <tbody>
              {services.map((service) => (
                <Fragment key={service.name}>
                  <ServiceRow service={service} range={range} />
                  <LaneServiceRows service={service} />
                </Fragment>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
      {services.length > 0 && (
        <div className="service-columns services-recent">
          <RecentTraces service="" range={range} />
          <RecentWarnings service="" range={range} />
        </div>
      )}
    </>
  );
}

function ServiceRow({ service, range }: { readonly service: Service; readonly range: TimeRange }) {
  const { name, requestsPerSecond, errorRate } = service;
  return (
    <tr>
      <th scope="row">
        <ServiceName name={name} href={links.service(name, range)} />
      </th>
      <td className="cell-replicas">
        <Replicas instances={service.instances} />
      </td>
      <td className="muted number" data-label="Version">
        {service.version}
      </td>
      <td className="right number" data-label="Requests">
        {formatRate(requestsPerSecond)}
      </td>
      <td className={`right number ${errorRate > 0 ? 'bad' : ''}`} data-label="Errors">
        {errorRate > 0 ? (
          <a className="bad" href={links.traces({ service: name, errorsOnly: true, range })}>
            {formatPercent(errorRate)}
          </a>
        ) : (
          formatPercent(errorRate)
        )}
      </td>
      <td className="right number" data-label="p50">
        {formatDuration(service.p50Ms)}
      </td>
      <td className="right number" data-label="p99">
        {formatDuration(service.p99Ms)}
      </td>
      <td className="cell-spark">
        <TrafficSparkline service={name} range={range} />
      </td>
    </tr>
  );
}

/** The request rate of a service over the chosen time. Asks by itself, less often than the figures. */
function TrafficSparkline({ service, range }: { readonly service: string; readonly range: TimeRange }) {
  const client = useCollector();
  const { colorToken } = useFleet();
  const stepMs = stepFor(lengthOf(range), 48);
  const { data } = usePoll<RatesAnswer>(
    `${service} ${JSON.stringify(range)}`,
    (signal) => {
      const { sinceMs, untilMs } = boundsOf(range, Date.now());
      return client.get('rates', { service, since: sinceMs, until: untilMs, stepMs }, signal);
    },
    10_000,
  );
  const values = completed(data?.points ?? [], stepMs, Date.now()).map((point) => point.requestsPerSecond);
  return (
    <Sparkline
      values={values}
      color={`var(${colorToken(service)})`}
      label={`Requests per second to ${service} over time`}
    />
  );
}
