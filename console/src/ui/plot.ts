import uPlot from 'uplot';
import { formatDate, formatTime } from '../format/time.ts';
import { trimZeros } from '../format/trim-zeros.ts';
import { tokenColor } from '../theme/use-color-scheme.ts';

/** One line of a chart. */
export interface ChartSeries {
  readonly label: string;
  /** A custom property of tokens.css. */
  readonly colorToken: string;
  readonly values: readonly (number | null)[];
}

export interface PlotOptions {
  readonly series: readonly Pick<ChartSeries, 'label' | 'colorToken'>[];
  readonly isFilled: boolean;
  readonly height: number;
  readonly format: (value: number) => string;
  /** Plots with the same key show one cursor. */
  readonly syncKey: string | undefined;
  /** The time axis, read at every drawing. */
  readonly bounds: () => readonly [fromMs: number, toMs: number];
  readonly onCursor: (index: number | undefined) => void;
  readonly onPick: (index: number) => void;
  readonly onZoom: (fromMs: number, toMs: number) => void;
}

/** Makes the uPlot of a chart inside `element`, as wide as that is now. Colours are those of the moment: make it anew when they change. */
export function createPlot(element: HTMLElement, options: PlotOptions): uPlot {
  const { series, format, onCursor, onZoom, syncKey } = options;
  const plot = new uPlot(
    {
      width: Math.max(120, element.clientWidth),
      height: options.height,
      ms: 1,
      legend: { show: false },
      padding: [8, 24, 0, 0],
      scales: {
        x: { time: true, range: () => [...options.bounds()] },
        y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] },
      },
      axes: [timeAxis(), valueAxis(format)],
      series: [{}, ...series.map((each) => lineOf(each, options.isFilled))],
      cursor: {
        y: false,
        points: { size: 7, width: 2 },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        ...(syncKey !== undefined && { sync: { key: syncKey, filters: { pub: isMove } } }),
      },
      hooks: {
        setCursor: [(u) => onCursor(u.cursor.idx ?? undefined)],
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < 6) return;
            const [fromMs, toMs] = [u.posToVal(left, 'x'), u.posToVal(left + width, 'x')];
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            onZoom(fromMs, toMs);
          },
        ],
      },
    },
    [[], ...series.map(() => [])],
    element,
  );
  listenForPicks(plot, options.onPick);
  return plot;
}

/** A press without a drag picks the point under the cursor. */
function listenForPicks(plot: uPlot, onPick: (index: number) => void): void {
  let pressedX = Number.NaN;
  plot.over.addEventListener('mousedown', (event) => {
    pressedX = event.clientX;
  });
  plot.over.addEventListener('mouseup', (event) => {
    const index = plot.cursor.idx;
    if (Math.abs(event.clientX - pressedX) < 4 && index !== null && index !== undefined) onPick(index);
  });
}

/** Only movements are shared between plots: a selection in one must not zoom thrice. */
function isMove(type: string): boolean {
  return type === 'mousemove' || type === 'mouseleave';
}

function lineOf({ label, colorToken }: Pick<ChartSeries, 'label' | 'colorToken'>, isFilled: boolean): uPlot.Series {
  const stroke = tokenColor(colorToken);
  return {
    label,
    stroke,
    width: 1.6,
    points: { show: true, size: 4, filter: lonelyPoints },
    ...(isFilled && { fill: `${stroke}22` }),
  };
}

/** Points are drawn only where no line shows them: between two gaps. */
function lonelyPoints(u: uPlot, seriesIndex: number): number[] {
  const values = u.data[seriesIndex] ?? [];
  const isGap = (index: number) => values[index] === null || values[index] === undefined;
  const lonely: number[] = [];
  for (let i = 0; i < values.length; i++) if (!isGap(i) && isGap(i - 1) && isGap(i + 1)) lonely.push(i);
  return lonely;
}

function timeAxis(): uPlot.Axis {
  return {
    ...axis(),
    size: 26,
    space: 70,
    values: (_, splits, __, ___, stepMs) => splits.map((ms) => tick(ms, stepMs)),
  };
}

function tick(ms: number, stepMs: number): string {
  if (stepMs >= 86_400_000) return formatDate(ms).slice(5);
  return formatTime(ms).slice(0, stepMs >= 60_000 ? 5 : 8);
}

function valueAxis(format: (value: number) => string): uPlot.Axis {
  return {
    ...axis(),
    size: 62,
    space: 32,
    values: (_, splits) => splits.map((value) => (value === 0 ? '0' : trimZeros(format(value)))),
  };
}

function axis(): uPlot.Axis {
  const grid = { stroke: tokenColor('--grid'), width: 1 };
  return { stroke: tokenColor('--ink-3'), font: `11px ${tokenColor('--font')}`, grid, ticks: { show: false }, gap: 6 };
}
