/** A line in a plot; `name` is its class, which gives it a colour, and what the legend says is `label`. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
  readonly lines: readonly Line[];
  readonly marks?: boolean;
  /** A stretch of the x axis with a word about it. */
  readonly span?: { readonly from: number; readonly to: number; readonly label: string };
}

export interface Chart {
  readonly title: string;
  readonly legend: Readonly<Record<string, string>>;
  readonly plots: readonly Plot[];
}

const width = 460;
const height = 330;
const margin = { left: 52, right: 16, top: 34, bottom: 44 };
const head = 62;

/** Line plots side by side, as SVG by hand: readable on light and dark pages. */
export function drawChart({ title, legend, plots }: Chart): string {
  const total = plots.length * width;
  const parts = plots.map((plot, i) => `<g transform="translate(${i * width} ${head})">${drawPlot(plot)}</g>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total} ${head + height}" width="${total}" height="${head + height}" role="img" aria-label="${quoted(title)}">`,
    `<style>${style}</style>`,
    `<rect class="page" width="${total}" height="${head + height}"/>`,
    `<text class="title" x="${margin.left}" y="24">${quoted(title)}</text>`,
    drawLegend(legend),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

const style = `
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #3d4550 }
.page { fill: #ffffff }
.title { font-size: 15px; font-weight: 600; fill: #1b2027 }
.plot-title { font-weight: 600; fill: #1b2027 }
.grid { stroke: #e3e7ec }
.axis { stroke: #8b95a1 }
.span { fill: #8b95a1; opacity: 0.13 }
.line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke: var(--ink) }
.mark { fill: var(--ink) }
.ours { --ink: #1767d2 }
.off { --ink: #c9372c }
.aegis { --ink: #a86a00 }
@media (prefers-color-scheme: dark) {
  text { fill: #b6c0cc }
  .page { fill: #0f141a }
  .title, .plot-title { fill: #eef2f6 }
  .grid { stroke: #29323c }
  .axis { stroke: #66717e }
  .ours { --ink: #5aa2ff }
  .off { --ink: #ff7b70 }
  .aegis { --ink: #e9b04a }
}`;

function drawLegend(legend: Readonly<Record<string, string>>): string {
  let x = margin.left;
  return Object.entries(legend)
    .map(([name, label]) => {
      const at = x;
      x += 44 + label.length * 6.4;
      return `<g class="${name}"><path class="line" d="M${at} 44h22"/><text x="${at + 28}" y="48">${quoted(label)}</text></g>`;
    })
    .join('\n');
}

function drawPlot(plot: Plot): string {
  const { xTicks, yTicks, span } = plot;
  const right = width - margin.right;
  const bottom = height - margin.bottom;
  const x = scale(xTicks, margin.left, right);
  const y = scale(yTicks, bottom, margin.top);
  const gridLines = yTicks.map(
    (tick) =>
      `<path class="grid" d="M${margin.left} ${y(tick)}H${right}"/><text x="${margin.left - 8}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
  );
  const xLabels = xTicks.map(
    (tick) =>
      `<path class="axis" d="M${x(tick)} ${bottom}v5"/><text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`,
  );
  return [
    `<text class="plot-title" x="${margin.left}" y="20">${quoted(plot.title)}</text>`,
    span === undefined
      ? ''
      : `<rect class="span" x="${x(span.from)}" y="${margin.top}" width="${x(span.to) - x(span.from)}" height="${bottom - margin.top}"/><text x="${(x(span.from) + x(span.to)) / 2}" y="${margin.top + 14}" text-anchor="middle">${quoted(span.label)}</text>`,
    ...gridLines,
    ...xLabels,
    `<path class="axis" d="M${margin.left} ${bottom}H${right}"/>`,
    `<text x="${(margin.left + right) / 2}" y="${height - 6}" text-anchor="middle">${quoted(plot.xLabel)}</text>`,
    `<text transform="translate(14 ${(margin.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${quoted(plot.yLabel)}</text>`,
    ...plot.lines.map((line) => drawLine(line, x, y, plot.marks ?? false)),
  ].join('\n');
}

function drawLine({ name, points }: Line, x: Scale, y: Scale, marks: boolean): string {
  const path = points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('');
  const dots = marks
    ? points.map(([px, py]) => `<circle class="mark" cx="${x(px)}" cy="${y(py)}" r="3"/>`).join('')
    : '';
  return `<g class="${name}"><path class="line" d="${path}"/>${dots}</g>`;
}

type Scale = (value: number) => number;

function scale(ticks: readonly number[], from: number, to: number): Scale {
  const least = ticks[0]!;
  const most = ticks.at(-1)!;
  return (value) => {
    const share = (Math.min(Math.max(value, least), most) - least) / (most - least);
    return Math.round((from + share * (to - from)) * 10) / 10;
  };
}

function quoted(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
