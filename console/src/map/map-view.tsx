import './map-view.css';
import { useMemo } from 'react';
import type { MapAnswer } from '../api/answers.ts';
import { AppLink } from '../fleet/app-link.tsx';
import { useFleet } from '../fleet/fleet-context.tsx';
import { useRange } from '../time/use-range.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/state.tsx';
import { EdgeTable } from './edge-table.tsx';
import { ServiceMap } from './service-map.tsx';
import { useServiceMap } from './use-service-map.ts';

/** Who calls whom, as the spans say it: a picture, and the same as a table. */
export function MapView() {
  const range = useRange();
  const poll = useServiceMap(range);
  const { services } = useFleet();
  const answer = useMemo(() => withIdle(poll.data, services), [poll.data, services]);
  const isEmpty = answer !== undefined && answer.nodes.length === 0;
  return (
    <>
      <div className="page-head">
        <h1>Service map</h1>
      </div>
      <div className="stack">
        <Panel
          title={
            answer === undefined
              ? 'Services'
              : `${answer.nodes.length} services, ${answer.edges.length} ways between them`
          }
          aside={<Legend />}
        >
          {poll.data === undefined && poll.error !== undefined && (
            <ErrorState error={poll.error} onRetry={poll.reload} />
          )}
          {answer === undefined && poll.error === undefined && <Skeleton rows={9} rowPx={40} />}
          {isEmpty && (
            <EmptyState title="No calls yet">
              Open <AppLink /> and send a gift: the services that it passes appear here.
            </EmptyState>
          )}
          {answer !== undefined && !isEmpty && <ServiceMap answer={answer} range={range} />}
        </Panel>
        {answer !== undefined && answer.edges.length > 0 && (
          <Panel title="Calls between services">
            <EdgeTable
              edges={[...answer.edges].sort((a, b) => b.requestsPerSecond - a.requestsPerSecond)}
              range={range}
              label="Calls between services"
            />
          </Panel>
        )}
      </div>
    </>
  );
}

/** Services without any call in the range stand on the map too. */
function withIdle(
  answer: MapAnswer | undefined,
  services: readonly { readonly name: string }[],
): MapAnswer | undefined {
  if (answer === undefined) return undefined;
  const known = new Set(answer.nodes.map((node) => node.service));
  const idle = services
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => ({ service: name, requestsPerSecond: 0, errorRate: 0 }));
  return { nodes: [...answer.nodes, ...idle], edges: answer.edges };
}

function Legend() {
  return (
    <span className="map-legend">
      <span>On arrows: requests · p99</span>
      <span>
        <i aria-hidden="true" /> Red part of a ring: errors
      </span>
    </span>
  );
}
