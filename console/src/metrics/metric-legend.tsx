import '../ui/table.css';
import type { MetricLine } from './metric-lines.ts';

export interface MetricLegendProps {
  readonly lines: readonly MetricLine[];
  /** The colours of the lines that are drawn, by their id. */
  readonly colors: ReadonlyMap<string, string>;
  readonly format: (value: number | null) => string;
  readonly onToggle: (id: string) => void;
}

/** The lines of a chart with their last and highest values; a press on a name shows or hides its line. */
export function MetricLegend({ lines, colors, format, onToggle }: MetricLegendProps) {
  return (
    <table className="table metric-legend" aria-label="Lines">
      <thead>
        <tr>
          <th scope="col">Line</th>
          <th scope="col" className="right">
            Last
          </th>
          <th scope="col" className="right">
            Highest
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => {
          const color = colors.get(line.id);
          return (
            <tr key={line.id}>
              <td className="breaking">
                <button
                  type="button"
                  className="metric-line"
                  aria-pressed={color !== undefined}
                  onClick={() => onToggle(line.id)}
                >
                  <i style={{ background: `var(${color ?? '--line-strong'})` }} />
                  <span>{line.name}</span>
                </button>
              </td>
              <td className="right number">{format(line.last)}</td>
              <td className="right number">{format(line.max)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
