import { FloodGate } from './flood-gate.ts';
import {
  formatFields,
  instanceOf,
  isCallLine,
  isServerCallLine,
  parseLogLine,
  printable,
  type RecordLine,
} from './log-line.ts';
import type { Palette } from './palette.ts';

/** What of the services' logs is shown. `calls` adds the line of every call to `info`, `debug` all there is. */
export const logChoices = ['warn', 'info', 'calls', 'debug'] as const;
export type LogChoice = (typeof logChoices)[number];

export interface MergedLogOptions {
  readonly write: (text: string) => void;
  readonly palette: Palette;
  readonly choice: LogChoice;
  /** `json` passes what is JSON as it came and wraps the rest. */
  readonly format: 'pretty' | 'json';
  /** The local time of day is printed from it. */
  readonly now: () => Date;
}

const ranks: Readonly<Record<string, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, fatal: 5 };
const leastRank: Readonly<Record<LogChoice, number>> = { warn: 3, info: 2, calls: 2, debug: 0 };
const warning = 3;
const maxStackLines = 12;

/** The lines of all processes as one readable log: `12:03:04.123 room-1   INFO  room opened room=7`. */
export class MergedLog {
  readonly #options: MergedLogOptions;
  #width = 8;
  readonly #calls = new Map<string, number>();
  readonly #floods = new FloodGate();

  constructor(options: MergedLogOptions) {
    this.#options = options;
  }

  /** Makes the column of the sources wide enough for this one. */
  makeRoom(source: string): void {
    this.#width = Math.max(this.#width, Math.min(source.length, 24));
  }

  /** A line that a process printed. */
  line(process: string, stream: 'stdout' | 'stderr', text: string): void {
    const source = process === 'colocated' ? (instanceOf(text) ?? process) : process;
    const { format, choice, write } = this.#options;
    if (format === 'json') {
      write(`${text.startsWith('{') ? text : this.#wrap(source, stream, text)}\n`);
      return;
    }
    const terse = choice === 'info' || choice === 'warn';
    if (isCallLine(text)) {
      if (isServerCallLine(text)) this.#calls.set(source, (this.#calls.get(source) ?? 0) + 1);
      if (terse) return;
    }
    const line = parseLogLine(text);
    if (line.kind === 'text') this.#text(source, stream, line.text);
    else if (
      rankOf(line.level) >= leastRank[choice] &&
      !(terse && (isLifecycle(line) || this.#isFlood(source, line)))
    ) {
      this.#record(source, line);
    }
  }

  /** How many lines alike were held back since they were last told of. */
  tellHeld(): void {
    for (const [kind, count] of this.#floods.take()) this.#tellHeldKind(kind, count);
  }

  /** A line of the supervisor itself. Further lines of the message are set under the first. */
  say(level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (this.#options.format === 'json') {
      const time = this.#options.now().toISOString();
      this.#options.write(
        `${JSON.stringify({ time, level, service: 'flotilla', instance: 'supervisor', message, ...fields })}\n`,
      );
      return;
    }
    this.#record('flotilla', { kind: 'record', time: '', level, message, fields });
  }

  /** How many calls each source has answered without a fault since the last time this was asked. */
  takeCalls(): ReadonlyMap<string, number> {
    const taken = new Map(this.#calls);
    this.#calls.clear();
    return taken;
  }

  /** One fault under load may be told a thousand times a second. */
  #isFlood(source: string, line: RecordLine): boolean {
    if (rankOf(line.level) < warning) return false;
    const now = this.#options.now().getTime();
    return !this.#floods.pass(`${source} ${line.message}`, now, (held) => {
      for (const [kind, count] of held) this.#tellHeldKind(kind, count);
    });
  }

  #tellHeldKind(kind: string, count: number): void {
    this.say('warn', `${count} more ${count === 1 ? 'line' : 'lines'} like: ${kind.split('\n')[0]}`);
  }

  #record(source: string, line: RecordLine): void {
    const { palette } = this.#options;
    const { error, ...fields } = line.fields;
    const [message = '', ...below] = line.message.split('\n');
    const tail = formatFields(fields);
    const more = [...below, ...stackOf(error, rankOf(line.level) > warning)];
    const level = levelPaint(palette, line.level)(line.level.toUpperCase().padEnd(5));
    this.#put(line.time, source, `${level} ${printable(message)}${tail === '' ? '' : ` ${palette.dim(tail)}`}`);
    for (const one of more) this.#options.write(`${' '.repeat(15)}${printable(one)}\n`);
  }

  #text(source: string, stream: 'stdout' | 'stderr', text: string): void {
    const { palette } = this.#options;
    const mark = stream === 'stderr' ? palette.yellow('!    ') : palette.dim('|    ');
    this.#put('', source, `${mark} ${printable(text)}`);
  }

  #put(time: string, source: string, text: string): void {
    const { palette, write } = this.#options;
    const name = palette.source(source) + ' '.repeat(Math.max(0, this.#width - source.length));
    write(`${palette.dim(this.#timeOfDay(time))} ${name} ${text}\n`);
  }

  #timeOfDay(time: string): string {
    const given = new Date(time);
    const date = Number.isNaN(given.getTime()) ? this.#options.now() : given;
    const two = (value: number) => String(value).padStart(2, '0');
    return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  }

  #wrap(source: string, stream: 'stdout' | 'stderr', message: string): string {
    const level = stream === 'stderr' ? 'warn' : 'info';
    const service = source.replace(/-\d+$/, '');
    return JSON.stringify({ time: this.#options.now().toISOString(), level, service, instance: source, message });
  }
}

/** What `app` logs at each step of its life: the supervisor tells the same. */
function isLifecycle(line: RecordLine): boolean {
  return line.level === 'info' && /^\S+ (is ready|is draining|has stopped)$/.test(line.message);
}

function levelPaint(palette: Palette, level: string): (text: string) => string {
  const rank = rankOf(level);
  if (rank >= 4) return palette.red;
  if (rank === 3) return palette.yellow;
  return rank === 2 ? palette.green : palette.dim;
}

function rankOf(level: string): number {
  return ranks[level] ?? 2;
}

/**
 * The first lines of an error's chain, without frames where they are not wanted; `error` is what `observe` prints:
 * { name, code, reason, message, stack }.
 */
function stackOf(error: unknown, wantsFrames: boolean): readonly string[] {
  if (error === undefined || error === null) return [];
  if (typeof error !== 'object') return [String(error)];
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const lines = (typeof stack === 'string' && stack !== '' ? stack : String(message ?? ''))
    .split('\n')
    .filter((text) => wantsFrames || !text.trimStart().startsWith('at '));
  return lines.length > maxStackLines
    ? [...lines.slice(0, maxStackLines), `... ${lines.length - maxStackLines} more lines`]
    : lines;
}
