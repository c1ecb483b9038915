import '../ui/table.css';
import type { MapEdge } from '../api/answers.ts';
import { formatDuration } from '../format/duration.ts';
import { formatPercent, formatRate } from '../format/number.ts';
import { links } from '../routing/links.ts';
import type { TimeRange } from '../time/time-range.ts';
import { ServiceName } from '../ui/service-name.tsx';

/** Calls between services as a table: what the map draws, for reading and for those who do not see it. */
export function EdgeTable({
  edges,
  range,
  label,
}: {
  readonly edges: readonly MapEdge[];
  readonly range: TimeRange;
  readonly label: string;
}) {
  return (
    <div className="table-scroll">
      <table className="table" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">Caller</th>
            <th scope="col">Callee</th>
            <th scope="col" className="right">
              Requests
            </th>
            <th scope="col" className="right">
              Errors
            </th>
            <th scope="col" className="right">
              p99
            </th>
          </tr>
        </thead>
        <tbody>
          {edges.map((edge) => (
            <tr key={`${edge.from} ${edge.to}`}>
              <td>
                <ServiceName name={edge.from} href={links.service(edge.from, range)} />
              </td>
              <td>
                <ServiceName name={edge.to} href={links.service(edge.to, range)} />
              </td>
              <td className="right number">{formatRate(edge.requestsPerSecond)}</td>
              <td className={`right number ${edge.errorRate > 0 ? 'bad' : ''}`}>{formatPercent(edge.errorRate)}</td>
              <td className="right number">{formatDuration(edge.p99Ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
