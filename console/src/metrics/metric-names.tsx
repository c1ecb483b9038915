import type { MetricName } from '../api/answers.ts';

export interface MetricNamesProps {
  readonly names: readonly MetricName[];
  readonly chosen: string;
  readonly addressOf: (name: string) => string;
}

/** The metrics to choose from. */
export function MetricNames({ names, chosen, addressOf }: MetricNamesProps) {
  if (names.length === 0) return <p className="metrics-none">No metric has this in its name.</p>;
  return (
    <ul className="metric-names" aria-label="Metrics">
      {names.map(({ name, type, unit, description }) => (
        <li key={name}>
          <a href={addressOf(name)} aria-current={name === chosen ? 'true' : undefined} title={description}>
            <span className="metric-name">{name}</span>
            <span className="metric-kind">
              {type}
              {unit !== '' && ` · ${unit}`}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}
