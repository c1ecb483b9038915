import { linePath } from './line-path.ts';

export interface SparklineProps {
  readonly values: readonly (number | null)[];
  readonly color: string;
  readonly label: string;
}

const width = 140;
const height = 28;

/** The course of a value as a small picture: no axes, zero at the bottom. */
export function Sparkline({ values, color, label }: SparklineProps) {
  const path = linePath(values, width, height - 2);
  return (
    <svg
      className="sparkline"
      viewBox={`0 -1 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={label}
      preserveAspectRatio="none"
    >
      <path d={path.area} fill={color} opacity="0.13" />
      <path
        d={path.line}
        fill="none"
        stroke={color}
        strokeWidth="1.5"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
