import type { MapEdge } from '../api/answers.ts';
import { EdgeTable } from '../map/edge-table.tsx';
import { useServiceMap } from '../map/use-service-map.ts';
import type { TimeRange } from '../time/time-range.ts';
import { Panel } from '../ui/panel.tsx';
import { EmptyState, Skeleton } from '../ui/state.tsx';

/** Who calls a service, and whom it calls. */
export function Neighbours({ service, range }: { readonly service: string; readonly range: TimeRange }) {
  const { data } = useServiceMap(range);
  const edges: readonly MapEdge[] = (data?.edges ?? []).filter((edge) => edge.from === service || edge.to === service);
  return (
    <Panel title="Callers and callees" aside={edges.length === 0 ? undefined : `${edges.length}`}>
      {data === undefined && <Skeleton rows={4} />}
      {data !== undefined && edges.length === 0 && (
        <EmptyState title="No calls between it and other services in this time" isQuiet />
      )}
      {edges.length > 0 && <EdgeTable edges={edges} range={range} label={`Callers and callees of ${service}`} />}
    </Panel>
  );
}
