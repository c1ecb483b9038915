import './lanes.css';
import type { Service } from '../api/answers.ts';
import { formatDuration } from '../format/duration.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { Replicas } from '../services/instance-state.tsx';
import { LaneName } from './lane-name.tsx';
import { laneRows } from './lane-rows.ts';
import { LaneTrouble } from './lane-table.tsx';

/** Below a service in the list of services: its baseline and each lane, to be compared at a glance. */
export function LaneServiceRows({ service }: { readonly service: Service }) {
  return laneRows(service).map((row) => (
    <tr key={row.lane} className="lane-row">
      <th scope="row">
        <span className="only-spoken">{service.name} in </span>
        <LaneName lane={row.lane} />
      </th>
      <td className="cell-replicas">
        {row.instances.length > 0 ? (
          <Replicas instances={row.instances} />
        ) : (
          <span className="muted">served by the baseline</span>
        )}
      </td>
      <td className="muted number" data-label="Version">
        {row.instances[0]?.version}
      </td>
      <td className="right number" data-label="Requests">
        {formatRate(row.requestsPerSecond)}
      </td>
      <td className={`right number ${row.errorRate > 0 ? 'bad' : ''}`} data-label="Errors">
        {formatPercent(row.errorRate)}
      </td>
      <td className="right number" data-label="p50">
        {formatDuration(row.p50Ms)}
      </td>
      <td className="right number" data-label="p99">
        {formatDuration(row.p99Ms)}
      </td>
      <td className="cell-spark">
        <LaneTrouble row={row} />
      </td>
    </tr>
  ));
}
