import '../ui/table.css';
import type { InstanceState, Service } from '../api/answers.ts';
import { formatAgo, formatDateTime } from '../format/time.ts';
import { LaneName } from '../lanes/lane-name.tsx';
import { useNow } from '../time/use-range.ts';
import { Panel } from '../ui/panel.tsx';
import { InstanceBadge } from './instance-state.tsx';

const order: Readonly<Record<InstanceState, number>> = { ready: 0, unready: 1, gone: 2 };

/** The replicas of a service, those that are there first, with all that is known of each. */
export function InstanceTable({ service }: { readonly service: Service }) {
  const nowMs = useNow(1000);
  const hasLanes = service.instances.some(({ lane }) => lane !== '');
  const instances = [...service.instances].sort((a, b) => order[a.state] - order[b.state]);
  return (
    <Panel title="Replicas" aside={`${service.instances.length}`}>
      <div className="table-scroll">
        <table className="table" aria-label={`Replicas of ${service.name}`}>
          <thead>
            <tr>
              <th scope="col">Instance</th>
              {hasLanes && <th scope="col">Lane</th>}
              <th scope="col">State</th>
              <th scope="col">Version</th>
              <th scope="col">Endpoints</th>
              <th scope="col" className="right">
                Last seen
              </th>
            </tr>
          </thead>
          <tbody>
            {instances.map((instance) => (
              <tr key={instance.id}>
                <th scope="row" className="number">
                  {instance.id}
                </th>
                {hasLanes && (
                  <td>
                    <LaneName lane={instance.lane} />
                  </td>
                )}
                <td>
                  <InstanceBadge instance={instance} />
                </td>
                <td className="muted number">{instance.version}</td>
                <td className="muted mono number">
                  {Object.entries(instance.endpoints)
                    .map(([name, url]) => `${name} ${url.replace(/^https?:\/\//, '')}`)
                    .join('  ·  ')}
                </td>
                <td className="right muted number" title={formatDateTime(instance.lastSeenMs)}>
                  {formatAgo(instance.lastSeenMs, nowMs)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
