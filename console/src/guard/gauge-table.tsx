import '../ui/table.css';
import './gauge-table.css';
import type { ReactNode } from 'react';
import { links } from '../routing/links.ts';
import type { TimeRange } from '../time/time-range.ts';
import { Panel } from '../ui/panel.tsx';
import { ServiceName } from '../ui/service-name.tsx';
import type { GaugeRow } from './guard-tables.ts';

export interface GaugeColumn {
  readonly title: string;
  readonly isNumber?: boolean;
  readonly cell: (row: GaugeRow) => ReactNode;
}

export interface GaugeTableProps {
  readonly title: string;
  readonly rows: readonly GaugeRow[];
  readonly columns: readonly GaugeColumn[];
  readonly range: TimeRange;
}

const shown = 40;

/** The state of things by service and instance, as they are now. Nothing where there are none. */
export function GaugeTable({ title, rows, columns, range }: GaugeTableProps) {
  if (rows.length === 0) return undefined;
  return (
    <Panel title={title} aside={rows.length > shown ? `${shown} of ${rows.length}` : `${rows.length}`}>
      <table className="table" aria-label={title}>
        <thead>
          <tr>
            <th scope="col">Instance</th>
            {columns.map((column) => (
              <th key={column.title} scope="col" className={column.isNumber ? 'right' : undefined}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((row) => (
            <tr key={JSON.stringify([row.service, row.instance, row.labels])}>
              <th scope="row">
                <ServiceName name={row.service} href={links.service(row.service, range)} />
                <span className="muted gauge-instance">{row.instance.replace(`${row.service}-`, '#')}</span>
              </th>
              {columns.map((column) => (
                <td key={column.title} className={column.isNumber ? 'right number' : 'breaking'}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** How full something is: a bar with the figures beside it, which carry the meaning. */
export function Fill({ share, text }: { readonly share: number; readonly text: string }) {
  return (
    <span className="fill" title={`${Math.round(share * 100)} %`}>
      <span className="fill-track" aria-hidden="true">
        <span className="fill-bar" data-full={share >= 0.95 || undefined} style={{ width: `${share * 100}%` }} />
      </span>
      <span className="number">{text}</span>
    </span>
  );
}
