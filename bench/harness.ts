import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** One figure that every contestant of a subject produces in every round. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** The ratio to reach against a peer, by the peer's name. */
  readonly goals?: Readonly<Record<string, number>>;
  /** A ceiling (or floor) instead of a peer. */
  readonly limit?: number;
}

/** Measures a part once; gives a value per row name. A row that it cannot measure is left out. */
export type Contestant = (part: string) => Promise<Readonly<Record<string, number>>>;

export interface Subject {
  readonly rows: readonly Row[];
  /**
   * What all contestants measure before any goes on to the next: the closer in time two figures are taken, the less a
   * busy machine weighs on their ratio. Default: one part, ''.
   */
  readonly parts?: readonly string[];
  readonly ours: Contestant;
  readonly peers: Readonly<Record<string, Contestant>>;
  /** Peers that cannot run here, with the reason. */
  readonly skipped?: Readonly<Record<string, string>>;
  /** False: its first round counts, since it warms up by itself and takes long. Default: true. */
  readonly hasWarmUp?: boolean;
  /** Rows that follow from those measured, added at the end. Default: none. */
  summary?(rows: readonly ReportRow[]): readonly ReportRow[];
  close(): Promise<void>;
}

export interface BenchOptions {
  /** Fewer and shorter rounds: to see that it runs, not to quote. */
  readonly quick: boolean;
}

/** A subject file exports this as `subject`. */
export type MakeSubject = (options: BenchOptions) => Promise<Subject>;

export interface ReportRow extends Row {
  readonly ours: number;
  readonly peers: Readonly<Record<string, { readonly median: number; readonly ratio: number }>>;
}

export interface Report {
  readonly subject: string;
  readonly node: string;
  readonly cores: number;
  readonly rounds: number;
  readonly rows: readonly ReportRow[];
  readonly skipped?: Readonly<Record<string, string>>;
}

/** Runs ours and the peers in alternating rounds, starting with another one each time; one round before does not count. */
export async function runSubject(
  name: string,
  make: MakeSubject,
  options: BenchOptions & { readonly rounds: number },
): Promise<Report> {
  // Before the subject is made: it may pin this process to one of them.
  const cores = availableParallelism();
  const subject = await make(options);
  try {
    const contestants = new Map<string, Contestant>([['ours', subject.ours], ...Object.entries(subject.peers)]);
    const values = new Map([...contestants.keys()].map((who) => [who, [] as Readonly<Record<string, number>>[]]));
    for (let round = subject.hasWarmUp === false ? 0 : -1; round < options.rounds; round++) {
      process.stderr.write(round < 0 ? 'warm-up\n' : `round ${round + 1} of ${options.rounds}\n`);
      const measured = await measureRound(contestants, subject.parts ?? [''], round + 1);
      if (round < 0) continue;
      for (const [who, series] of values) series.push(measured.get(who)!);
    }
    const measuredRows = subject.rows.map((row) => summarise(row, values));
    const rows = [...measuredRows, ...(subject.summary?.(measuredRows) ?? [])];
    return {
      subject: name,
      node: process.versions.node,
      cores,
      rounds: options.rounds,
      rows,
      ...(subject.skipped !== undefined && { skipped: subject.skipped }),
    };
  } finally {
    await subject.close();
  }
}

async function measureRound(
  contestants: ReadonlyMap<string, Contestant>,
  parts: readonly string[],
  turn: number,
): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const measured = new Map<string, Record<string, number>>([...contestants.keys()].map((who) => [who, {}]));
  for (const part of parts) {
    for (const who of rotate([...contestants.keys()], turn)) {
      Object.assign(measured.get(who)!, await contestants.get(who)!(part));
    }
  }
  return measured;
}

/** Medians per contestant; the ratio is the median of the per-round ratios, above 1 where ours is better. */
export function summarise(
  row: Row,
  values: ReadonlyMap<string, readonly Readonly<Record<string, number>>[]>,
): ReportRow {
  const isMeasured = (value: number | undefined) => value !== undefined;
  const series = (who: string) => (values.get(who) ?? []).map((round) => round[row.name]);
  const ours = series('ours');
  const peers: Record<string, { median: number; ratio: number }> = {};
  for (const who of values.keys()) {
    const theirs = series(who);
    if (who === 'ours' || !theirs.some(isMeasured)) continue;
    const ratios = theirs.map((value, round) => {
      const own = ours[round];
      if (value === undefined || own === undefined) return undefined;
      return row.better === 'higher' ? own / value : value / own;
    });
    peers[who] = { median: median(theirs.filter(isMeasured)), ratio: median(ratios.filter(isMeasured)) };
  }
  return { ...row, ours: median(ours.filter(isMeasured)), peers };
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function formatReport(report: Report): string {
  const header = ['row', 'unit', 'ours', 'peer', 'median', 'ratio', 'goal'];
  const lines = report.rows.flatMap((row) => {
    const own = [row.name, row.unit, round3(row.ours)];
    const beside = Object.entries(row.peers).map(([peer, { median: value, ratio }]) => [
      ...own,
      peer,
      round3(value),
      Number.isNaN(ratio) ? '-' : `${ratio.toFixed(2)} ×`,
      row.goals?.[peer] === undefined ? '' : `${row.goals[peer]} ×`,
    ]);
    const alone = [...own, '', '', '', row.limit === undefined ? '' : `limit ${row.limit}`];
    return row.limit === undefined && beside.length > 0 ? beside : [alone, ...beside];
  });
  const table = [header, ...lines];
  const widths = header.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
  const text = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const skipped = Object.entries(report.skipped ?? {}).map(([peer, reason]) => `skipped ${peer}: ${reason}`);
  const method = `${report.subject}: Node ${report.node}, ${report.cores} cores, medians of ${report.rounds} alternating rounds; a ratio above 1 means ours is better`;
  return [method, '', ...text, ...skipped].join('\n');
}

export function writeReport(report: Report, file: string): void {
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

function round3(value: number): string {
  return Number.isNaN(value)
    ? '-'
    : value >= 1000
      ? Math.round(value).toLocaleString('en')
      : String(Number(value.toPrecision(3)));
}
