import type { ArrivalKind } from './arrivals.ts';
import type { Histogram, Percentiles } from './histogram.ts';
import type { FailureRow, Tally } from './tally.ts';

/** What a run was asked to do. */
export interface LoadPlan {
  readonly url: string;
  readonly scenario: string;
  readonly ratePerSecond: number;
  readonly durationMs: number;
  readonly arrivals: ArrivalKind;
  readonly connections: number;
  readonly seed: number;
}

/** The result of `flotilla load`, as `--json` writes it. Latencies are milliseconds from when a request was due. */
export interface LoadReport extends LoadPlan {
  /** How long requests were sent. */
  readonly elapsedMs: number;
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** Due while too many were in flight. */
  readonly notSent: number;
  /** Without an answer when the run ended. */
  readonly unanswered: number;
  /** Successful answers per second. */
  readonly achievedPerSecond: number;
  readonly latencyMs: Percentiles;
  /** `count` succeeded; the latencies are theirs. */
  readonly byRequest: Readonly<Record<string, Percentiles & { readonly count: number; readonly failed: number }>>;
  /** How late the load generator itself sent; part of every latency. */
  readonly sendDelayMs: Percentiles;
  readonly failures: readonly FailureRow[];
}

export function makeReport(plan: LoadPlan, tally: Tally): LoadReport {
  const byRequest = [...tally.byName].map(
    ([name, { latency, failed }]) => [name, { count: latency.count, failed, ...inMs(latency) }] as const,
  );
  return {
    ...plan,
    elapsedMs: Math.round(tally.elapsedMs),
    ...tally.counts,
    achievedPerSecond: tally.elapsedMs > 0 ? round(tally.counts.ok / (tally.elapsedMs / 1000)) : 0,
    latencyMs: inMs(tally.latency),
    byRequest: Object.fromEntries(byRequest.sort(([, a], [, b]) => b.count - a.count)),
    sendDelayMs: inMs(tally.delay),
    failures: tally.failures,
  };
}

/** The report for a person. */
export function formatReport(report: LoadReport): string {
  const { sent, ok, failed, notSent, unanswered } = report;
  const share = (count: number) => (count === 0 ? '' : `  ${((100 * count) / sent).toFixed(count === sent ? 0 : 2)} %`);
  const counts: readonly (readonly [string, number, string])[] = [
    ['sent', sent, `  ${perSecond(sent, report.elapsedMs)} of ${report.ratePerSecond}/s wanted`],
    ['ok', ok, `  ${perSecond(ok, report.elapsedMs)}${share(ok)}`],
    ['failed', failed, share(failed)],
    ['not sent', notSent, notSent === 0 ? '' : `  more than ${report.connections} were in flight`],
    ['unanswered', unanswered, ''],
  ];
  const lines = counts.map(([name, count, note]) => `${name.padEnd(11)}${grouped(count).padStart(10)}${note}`);
  return [headline(report), '', ...lines, ...latencyTable(report), ...failureTable(report.failures), ''].join('\n');
}

function headline({ url, scenario, ratePerSecond, durationMs, arrivals, seed }: LoadReport): string {
  return `${url}  scenario ${scenario}  ${ratePerSecond}/s for ${durationMs / 1000} s  ${arrivals} arrivals  seed ${seed}`;
}

function latencyTable(report: LoadReport): string[] {
  if (report.ok === 0) return [];
  const names = ['p50', 'p90', 'p99', 'p99.9', 'max'];
  const cells = ({ p50, p90, p99, p999, max }: Percentiles) =>
    [p50, p90, p99, p999, max].map((value) => milliseconds(value).padStart(11)).join('');
  const row = (name: string, count: number, ok: string, times: Percentiles) =>
    `${name.padEnd(11)}${grouped(count).padStart(10)}${ok.padStart(9)}${cells(times)}`;
  const rows = Object.entries(report.byRequest).map(([name, { count, failed, ...times }]) =>
    row(name, count, okShare(count, count + failed), times),
  );
  return [
    '',
    'latency of what succeeded, from the time each request was due',
    `${''.padEnd(11)}${'ok'.padStart(10)}${'share'.padStart(9)}${names.map((name) => name.padStart(11)).join('')}`,
    row('all', report.ok, okShare(report.ok, report.ok + report.failed), report.latencyMs),
    ...(rows.length > 1 ? rows : []),
    row('send delay', report.sent, '', report.sendDelayMs),
  ];
}

function okShare(ok: number, all: number): string {
  return all === 0 ? '' : `${((100 * ok) / all).toFixed(1)} %`;
}

function failureTable(failures: readonly FailureRow[]): string[] {
  if (failures.length === 0) return [];
  const rows = failures.map(({ status, reason, count }) => {
    const what = [status === 0 ? 'no answer' : status, reason].filter((part) => part !== '').join(' ');
    return `${grouped(count).padStart(10)}  ${what}`;
  });
  return ['', 'failures', ...rows];
}

function inMs(histogram: Histogram): Percentiles {
  const { p50, p90, p99, p999, max } = histogram.percentiles();
  return { p50: p50 / 1000, p90: p90 / 1000, p99: p99 / 1000, p999: p999 / 1000, max: max / 1000 };
}

function perSecond(count: number, elapsedMs: number): string {
  return elapsedMs > 0 ? `${round(count / (elapsedMs / 1000))}/s` : '0/s';
}

function milliseconds(value: number): string {
  return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
