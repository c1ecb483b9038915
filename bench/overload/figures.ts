/**
 * `node bench/overload/figures.ts DIR [--quick] [cpu] [mixed] [io]`: measures as the bench `overload` does, and draws `overload-cpu.svg`,
 * `overload-mixed.svg` and `overload-io.svg` into DIR: goodput by offered load, and by time through a burst of ten times the capacity.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pinning } from '../http/pinning.ts';
import { stretchesFor } from './burn.ts';
import { drawChart, type Line } from './chart.ts';
import type { Load } from './load.ts';
import { type Route, routes } from './rows.ts';
import { anyKind, type Guard, Target } from './target.ts';

const offered = [0.5, 0.8, 1, 1.5, 2, 3, 5, 7, 10];
const burst = { beforeSeconds: 3, seconds: 3, afterSeconds: 6 };
const sliceMs = 250;

const contestants: readonly (readonly [Guard, name: string, label: string])[] = [
  ['off', 'off', 'guard off'],
  ['aegis', 'aegis', 'BBR rule of aegis (CPU gate)'],
  ['default', 'ours', 'flotilla, as it is by default'],
];

const titles: Readonly<Record<Route, string>> = {
  cpu: 'Overload of the CPU: each request burns 1 ms of it',
  mixed: 'Overload of the CPU after a wait: 5 ms of nothing, then 1 ms of CPU',
  io: 'Overload of a dependency: 20 slots of 20 ms, the CPU is idle',
};

interface Curves {
  readonly byLoad: Line;
  readonly byTime: Line;
}

async function measure(guard: Guard, name: string, route: Route, seconds: number): Promise<Curves> {
  const stretches = stretchesFor(1);
  const target = await Target.start(guard, stretches, pin.server);
  const plain = guard === 'off' ? target : await Target.start('off', stretches, pin.server);
  const end = () => {
    target.abandon();
    plain.abandon();
  };
  process.once('exit', end);
  try {
    const { perSecond: peak } = await plain.capacity(route, 1);
    return await target.loaded(route, anyKind, async (load) => ({
      byLoad: { name, points: await goodputByLoad(load, peak, seconds) },
      byTime: { name, points: await goodputByTime(load, peak) },
    }));
  } finally {
    await Promise.all([target.stop(), plain === target ? undefined : plain.stop()]);
    process.off('exit', end);
  }
}

async function goodputByLoad(load: Load, peak: number, seconds: number): Promise<[number, number][]> {
  const points: [number, number][] = [];
  for (const factor of offered) {
    const answers = await load.run([{ perSecond: peak * factor, seconds: 1 + seconds }]);
    points.push([factor, (answers.goodput(answers.phase(0, 1)) / peak) * 100]);
  }
  return points;
}

async function goodputByTime(load: Load, peak: number): Promise<[number, number][]> {
  const answers = await load.run([
    { perSecond: peak / 2, seconds: burst.beforeSeconds },
    { perSecond: peak * 10, seconds: burst.seconds },
    { perSecond: peak / 2, seconds: burst.afterSeconds },
  ]);
  return answers
    .slices(answers.whole(), sliceMs)
    .map(({ atMs, good }) => [(atMs + sliceMs / 2) / 1000, ((good / peak) * 100 * 1000) / sliceMs]);
}

function draw(route: Route, curves: readonly Curves[]): string {
  const yTicks = [0, 20, 40, 60, 80, 100, 120];
  const yLabel = 'answered in time, % of capacity';
  const { beforeSeconds, seconds, afterSeconds } = burst;
  return drawChart({
    title: titles[route],
    legend: Object.fromEntries(contestants.map(([, name, label]) => [name, label])),
    plots: [
      {
        title: 'By load',
        xLabel: 'offered load, × capacity',
        yLabel,
        xTicks: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        yTicks,
        marks: true,
        lines: curves.map(({ byLoad }) => byLoad),
      },
      {
        title: 'Through a burst, 0.5 × before and after',
        xLabel: 'seconds',
        yLabel,
        xTicks: Array.from({ length: (beforeSeconds + seconds + afterSeconds) / 3 + 1 }, (_, i) => 3 * i),
        yTicks,
        span: { from: beforeSeconds, to: beforeSeconds + seconds, label: '10 ×' },
        lines: curves.map(({ byTime }) => byTime),
      },
    ],
  });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const [folder, ...wanted] = positionals;
if (folder === undefined) throw new Error('usage: node bench/overload/figures.ts DIR [--quick] [cpu] [mixed] [io]');
const pin = pinning();
mkdirSync(folder, { recursive: true });
for (const route of routes) {
  if (wanted.length > 0 && !wanted.includes(route)) continue;
  const curves: Curves[] = [];
  for (const [guard, name] of contestants) {
    process.stderr.write(`${route}, ${guard}\n`);
    curves.push(await measure(guard, name, route, values.quick ? 1 : 3));
  }
  writeFileSync(join(folder, `overload-${route}.svg`), draw(route, curves));
}
