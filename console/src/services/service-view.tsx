import './service-view.css';
import type { Service } from '../api/answers.ts';
import { useFleet } from '../fleet/fleet-context.tsx';
import { formatDuration } from '../format/duration.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { LaneTable } from '../lanes/lane-table.tsx';
import { links } from '../routing/links.ts';
import { useRange } from '../time/use-range.ts';
import { ServiceName } from '../ui/service-name.tsx';
import { EmptyState, Skeleton } from '../ui/state.tsx';
import { InstanceTable } from './instance-table.tsx';
import { Neighbours } from './neighbours.tsx';
import { RateCharts } from './rate-charts.tsx';
import { RecentTraces } from './recent-traces.tsx';
import { RecentWarnings } from './recent-warnings.tsx';
import { RouteTable } from './route-table.tsx';

/** One service: its figures, charts, routes, replicas and neighbours, with the ways to its traces, logs and metrics. */
export function ServiceView({ name }: { readonly name: string }) {
  const { poll, services } = useFleet();
  const range = useRange();
  const service = services.find((each) => each.name === name);
  const slowMs = service?.p99Ms ?? undefined;
  return (
    <>
      <div className="page-head">
        <h1>
          <ServiceName name={name} />
          {service !== undefined && <span className="muted service-version">{service.version}</span>}
        </h1>
        <nav className="page-links" aria-label={`More about ${name}`}>
          <a className="button" href={links.traces({ service: name, range })}>
            Traces
          </a>
          <a className="button" href={links.traces({ service: name, errorsOnly: true, range })}>
            Errors
          </a>
          <a
            className="button"
            href={links.traces({ service: name, minDurationMs: roundUp(slowMs), sort: 'slowest', range })}
          >
            Slow
          </a>
          <a className="button" href={links.logs({ service: name, range })}>
            Logs
          </a>
          <a className="button" href={links.guard(name, range)}>
            Guard
          </a>
          <a className="button" href={links.metrics({ service: name }, range)}>
            Metrics
          </a>
          <a className="button" href={links.map(range)}>
            Map
          </a>
        </nav>
      </div>
      <div className="stack">
        {poll.data === undefined && <Skeleton rows={2} />}
        {poll.data !== undefined && service === undefined && (
          <EmptyState title={`No service “${name}” now`}>
            The collector has not heard of it in a while. What it left behind can still be searched: its traces and logs
            are linked above.
          </EmptyState>
        )}
        {service !== undefined && <Figures service={service} />}
        {service !== undefined && <LaneTable service={service} />}
        <RateCharts service={name} range={range} />
        <div className="service-columns">
          <RouteTable service={name} range={range} />
          <Neighbours service={name} range={range} />
        </div>
        {service !== undefined && <InstanceTable service={service} />}
        <div className="service-columns">
          <RecentTraces service={name} range={range} />
          <RecentWarnings service={name} range={range} />
        </div>
      </div>
    </>
  );
}

function Figures({ service }: { readonly service: Service }) {
  const ready = service.instances.filter((instance) => instance.state === 'ready').length;
  const figures = [
    ['Requests', formatRate(service.requestsPerSecond), ''],
    ['Errors', formatPercent(service.errorRate), service.errorRate > 0 ? 'bad' : ''],
    ['p50', formatDuration(service.p50Ms), ''],
    ['p99', formatDuration(service.p99Ms), ''],
    ['Replicas ready', `${ready}/${service.instances.filter((instance) => instance.state !== 'gone').length}`, ''],
  ] as const;
  return (
    <dl className="figures panel" aria-label="The last minute">
      {figures.map(([label, value, tone]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className={`number ${tone}`}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A round limit that is easy to read in a filter: 12.34 becomes 13, 0.4321 becomes 0.44. */
function roundUp(ms: number | undefined): number | undefined {
  if (ms === undefined || ms <= 0) return undefined;
  return ms >= 10 ? Math.ceil(ms) : Math.ceil(ms * 100) / 100;
}
