import '../ui/table.css';
import { shortenMethods } from '../format/method-name.ts';
import { formatRate } from '../format/number.ts';
import { links } from '../routing/links.ts';
import type { TimeRange } from '../time/time-range.ts';
import { Badge } from '../ui/badge.tsx';
import { Panel } from '../ui/panel.tsx';
import { ServiceName } from '../ui/service-name.tsx';
import { EmptyState } from '../ui/state.tsx';
import { type DecisionRow, priorities } from './guard-tables.ts';

const shown = 40;

/** Who was refused, by whom and why, by priority: calls per second over the range. */
export function RefusedTable({ rows, range }: { readonly rows: readonly DecisionRow[]; readonly range: TimeRange }) {
  const refused = rows.filter(({ decision }) => decision !== 'admitted');
  const admitted = new Map(
    rows.filter(({ decision }) => decision === 'admitted').map((row) => [keyOf(row), row.perSecond] as const),
  );
  return (
    <Panel title="Refused calls" aside={refused.length === 0 ? undefined : 'per second, over the chosen time'}>
      {refused.length === 0 && <EmptyState title="Nobody was refused in this time" isQuiet />}
      {refused.length > 0 && (
        <table className="table" aria-label="Refused calls by guard, reason and priority">
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">What</th>
              <th scope="col">Why</th>
              {priorities.map((priority) => (
                <th key={priority} scope="col" className="right">
                  {priority}
                </th>
              ))}
              <th scope="col" className="right">
                All
              </th>
              <th scope="col" className="right">
                Admitted
              </th>
            </tr>
          </thead>
          <tbody>
            {refused.slice(0, shown).map((row) => (
              <tr key={`${keyOf(row)} ${row.decision}`}>
                <th scope="row">
                  <ServiceName name={row.service} href={links.service(row.service, range)} />
                </th>
                <td className="breaking">{shortenMethods(row.name)}</td>
                <td>
                  <Badge tone="warn" title={`decided by: ${row.guard}`}>
                    {row.decision.replaceAll('_', ' ')}
                  </Badge>
                </td>
                {priorities.map((priority) => (
                  <td key={priority} className="right number">
                    {row.byPriority[priority] === undefined ? '' : formatRate(row.byPriority[priority])}
                  </td>
                ))}
                <td className="right number bad">{formatRate(row.perSecond)}</td>
                <td className="right number">{formatRate(admitted.get(keyOf(row)) ?? 0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function keyOf({ service, guard, name }: DecisionRow): string {
  return `${service} ${guard} ${name}`;
}
