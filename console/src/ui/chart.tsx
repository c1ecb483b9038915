import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { type KeyboardEvent, useEffect, useEffectEvent, useRef, useState } from 'react';
import type uPlot from 'uplot';
import { formatDateTime, formatTime } from '../format/time.ts';
import { useColorScheme } from '../theme/use-color-scheme.ts';
import { type ChartSeries, createPlot } from './plot.ts';

export interface ChartProps {
  readonly title: string;
  readonly timesMs: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number | null | undefined) => string;
  /** The time that the axis covers, whether there are points or not. */
  readonly bounds: readonly [fromMs: number, toMs: number];
  readonly isFilled?: boolean;
  readonly height?: number;
  readonly syncKey?: string;
  /** A point was clicked, or Enter pressed on it. */
  readonly onPick?: (timeMs: number) => void;
  /** A stretch of time was dragged over. */
  readonly onZoom?: (fromMs: number, toMs: number) => void;
  /** What a pick does, for the hint: `opens its traces`. */
  readonly pickHint?: string;
  readonly showsLegend?: boolean;
  readonly emptyText?: string;
}

/** A line chart over time. Arrow keys move through its points, and what they show is spoken. */
export function Chart(props: ChartProps) {
  const {
    title,
    timesMs,
    series,
    format,
    height = 170,
    pickHint,
    showsLegend = true,
    emptyText = 'Nothing in this time',
  } = props;
  const { element, plot, cursor } = usePlot(props, height);
  const at = cursor !== undefined && cursor < timesMs.length ? cursor : undefined;
  const hasValues = series.some((each) => each.values.some((value) => value !== null));
  const readout = series.map((each) => [each, format(at === undefined ? last(each.values) : each.values[at])] as const);
  const spoken = `${at === undefined ? 'now' : formatTime(timesMs[at]).slice(0, 8)}: ${readout.map(([each, text]) => `${each.label} ${text}`).join(', ')}`;

  const onKey = (event: KeyboardEvent) => {
    const current = at ?? timesMs.length - 1;
    const next = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: timesMs.length - 1 }[event.key];
    if (event.key === 'Enter' && at !== undefined) props.onPick?.(timesMs[at]!);
    if (next === undefined || timesMs.length === 0) return;
    event.preventDefault();
    const index = Math.min(timesMs.length - 1, Math.max(0, next));
    plot.current?.setCursor({ left: plot.current.valToPos(timesMs[index]!, 'x'), top: 10 });
  };
  return (
    <figure className="chart" aria-label={title}>
      <figcaption className="chart-head">
        <span className="chart-title">{title}</span>
        {showsLegend && (
          <span className="chart-legend">
            <span className="muted number">{at === undefined ? '' : formatTime(timesMs[at]).slice(0, 8)}</span>
            {readout.map(([each, text]) => (
              <span key={each.label} className="chart-key number">
                <i style={{ background: `var(${each.colorToken})` }} />
                {series.length > 1 && <span className="muted">{each.label}</span>} {text}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <div
        ref={element}
        className="chart-plot"
        style={{ height }}
        role="slider"
        tabIndex={0}
        aria-label={`${title}, point in time${pickHint === undefined ? '' : `; Enter ${pickHint}`}`}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, timesMs.length - 1)}
        aria-valuenow={at ?? Math.max(0, timesMs.length - 1)}
        aria-valuetext={spoken}
        title={
          pickHint === undefined
            ? undefined
            : `Click ${pickHint}, drag to zoom${at === undefined ? '' : `\n${formatDateTime(timesMs[at])}`}`
        }
        onKeyDown={onKey}
      >
        {!hasValues && (
          <span className="chart-empty">
            <span>{emptyText}</span>
          </span>
        )}
      </div>
    </figure>
  );
}

/** Keeps one uPlot in step with the props: made anew when lines or colours change, else only fed. */
function usePlot(props: ChartProps, height: number) {
  const { series, timesMs, bounds, isFilled = false, syncKey } = props;
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latestBounds = useRef(bounds);
  const [cursor, setCursor] = useState<number | undefined>();
  const scheme = useColorScheme();
  const shape = series.map((each) => `${each.label}\n${each.colorToken}`).join('\n\n');
  const feed = useEffectEvent(() => plot.current?.setData([[...timesMs], ...series.map((each) => [...each.values])]));
  const pick = useEffectEvent((index: number) => timesMs[index] !== undefined && props.onPick?.(timesMs[index]));
  const zoom = useEffectEvent((fromMs: number, toMs: number) => props.onZoom?.(fromMs, toMs));
  const format = useEffectEvent((value: number) => props.format(value));

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for the series, the scheme for the colours read
  useEffect(() => {
    const made = createPlot(element.current!, {
      series,
      isFilled,
      height,
      format,
      syncKey,
      bounds: () => latestBounds.current,
      onCursor: setCursor,
      onPick: pick,
      onZoom: zoom,
    });
    plot.current = made;
    feed();
    const observer = new ResizeObserver(() =>
      made.setSize({ width: Math.max(120, element.current!.clientWidth), height }),
    );
    observer.observe(element.current!);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [shape, scheme, height, isFilled, syncKey]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new points or bounds are drawn, whatever else changed
  useEffect(() => {
    latestBounds.current = bounds;
    feed();
  }, [timesMs, series, bounds[0], bounds[1]]);
  return { element, plot, cursor };
}

function last(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}
