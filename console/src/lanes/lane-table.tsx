import '../ui/table.css';
import './lanes.css';
import type { Service } from '../api/answers.ts';
import { formatDuration } from '../format/duration.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { Badge } from '../ui/badge.tsx';
import { Panel } from '../ui/panel.tsx';
import { LaneName } from './lane-name.tsx';
import { type LaneRow, laneRows } from './lane-rows.ts';

/** The lanes of a service beside its baseline, each with the calls that had its colour; nothing without lanes. */
export function LaneTable({ service }: { readonly service: Service }) {
  const rows = laneRows(service);
  if (rows.length === 0) return null;
  return (
    <Panel title="Lanes" aside="Calls of the last minute, by their lane">
      <div className="table-scroll">
        <table className="table" aria-label={`Lanes of ${service.name}`}>
          <thead>
            <tr>
              <th scope="col">Lane</th>
              <th scope="col">Served by</th>
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
              <th scope="col">Beside the baseline</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.lane}>
                <th scope="row">
                  <LaneName lane={row.lane} />
                </th>
                <td className="muted number">{servedBy(row)}</td>
                <td className="right number">{formatRate(row.requestsPerSecond)}</td>
                <td className={`right number ${row.errorRate > 0 ? 'bad' : ''}`}>{formatPercent(row.errorRate)}</td>
                <td className="right number">{formatDuration(row.p50Ms)}</td>
                <td className="right number">{formatDuration(row.p99Ms)}</td>
                <td>
                  <LaneTrouble row={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

/** What is wrong with a lane in a word or two; of the baseline nothing. */
export function LaneTrouble({ row }: { readonly row: LaneRow }) {
  if (row.trouble !== '')
    return (
      <Badge tone="error" title="Beside the baseline">
        {row.trouble}
      </Badge>
    );
  if (row.lane === '' || row.requestsPerSecond === 0) return null;
  return <Badge tone="ok">as good</Badge>;
}

function servedBy({ lane, instances }: LaneRow): string {
  if (instances.length === 0) return lane === '' ? 'nobody' : 'the baseline';
  return instances.map(({ id }) => id).join(', ');
}
