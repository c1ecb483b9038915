import type { PlacedEdge, Point } from './map-layout.ts';

/** How an edge is drawn. */
export interface EdgePath {
  /** SVG path data, from the rim of the caller to the tip of the arrow at the rim of the callee. */
  readonly d: string;
  /** The three corners of the arrow head, for `<polygon points>`. */
  readonly arrow: string;
  /** Points along the curve, evenly spread over its stretches. */
  readonly samples: readonly Point[];
}

export interface EdgePathOptions {
  readonly direction: 'right' | 'down';
  readonly fromRadius: number;
  readonly toRadius: number;
}

const arrowLength = 9;

/**
 * Curves through the points of an edge, leaving and arriving along the direction of the layers. A backward edge leaves and
 * arrives at the side instead, bulging out, so that it does not lie on a forward edge between the same two.
 */
export function edgePath(edge: PlacedEdge, options: EdgePathOptions): EdgePath {
  const along = (point: Point) => (options.direction === 'right' ? point : { x: point.y, y: point.x });
  const points = edge.points.map(along);
  const drawn = edge.isBackward ? bulge(points, options) : flow(points, options);
  return {
    d: drawn.curve.map(([command, ...at]) => command + at.map(along).map(text).join(' ')).join(''),
    arrow: drawn.arrow.map(along).map(text).join(' '),
    samples: sample(drawn.curve).map(along),
  };
}

type Command = readonly [command: 'M' | 'C', ...points: Point[]];
type Drawn = { readonly curve: readonly Command[]; readonly arrow: readonly Point[] };

function flow(points: readonly Point[], { fromRadius, toRadius }: EdgePathOptions): Drawn {
  const first = points[0]!;
  const last = points.at(-1)!;
  const stops = [
    { x: first.x + fromRadius, y: first.y },
    ...points.slice(1, -1),
    { x: last.x - toRadius - arrowLength, y: last.y },
  ];
  const curve: Command[] = [['M', stops[0]!]];
  for (let i = 1; i < stops.length; i++) {
    const [a, b] = [stops[i - 1]!, stops[i]!];
    const middle = (a.x + b.x) / 2;
    curve.push(['C', { x: middle, y: a.y }, { x: middle, y: b.y }, b]);
  }
  const tip = { x: last.x - toRadius, y: last.y };
  const back = tip.x - arrowLength;
  return { curve, arrow: [tip, { x: back, y: tip.y - 4.5 }, { x: back, y: tip.y + 4.5 }] };
}

function bulge(points: readonly Point[], { fromRadius, toRadius }: EdgePathOptions): Drawn {
  const first = points[0]!;
  const last = points.at(-1)!;
  const start = { x: first.x, y: first.y + fromRadius };
  const tip = { x: last.x, y: last.y + toRadius };
  const end = { x: tip.x, y: tip.y + arrowLength };
  const depth = Math.max(start.y, end.y) + 56;
  return {
    curve: [
      ['M', start],
      ['C', { x: start.x, y: depth }, { x: end.x, y: depth }, end],
    ],
    arrow: [tip, { x: tip.x - 4.5, y: end.y }, { x: tip.x + 4.5, y: end.y }],
  };
}

/** Points on the cubic Bézier curves, between their ends. */
function sample(curve: readonly Command[]): Point[] {
  const samples: Point[] = [];
  for (let i = 1; i < curve.length; i++) {
    const from = curve[i - 1]!.at(-1) as Point;
    const [, a, b, to] = curve[i] as readonly [string, Point, Point, Point];
    for (let step = 1; step < samplesPerCurve; step++) {
      const t = step / samplesPerCurve;
      const mix = (axis: 'x' | 'y') =>
        (1 - t) ** 3 * from[axis] + 3 * (1 - t) ** 2 * t * a[axis] + 3 * (1 - t) * t ** 2 * b[axis] + t ** 3 * to[axis];
      samples.push({ x: mix('x'), y: mix('y') });
    }
  }
  return samples;
}

const samplesPerCurve = 24;

function text({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
}
