import { fieldsOf } from '../call/index.ts';
import type { Context } from '../concurrency/index.ts';
import * as errors from '../errors/index.ts';
import { type FormatLine, reservedNames } from './log-line.ts';
import type { Batches } from './otlp/batches.ts';
import { type FixedPart, type LogError, type LogRecord, writeLog } from './otlp/encode-log.ts';
import { type CleanValue, cleanField, cleanText } from './redact.ts';
import { type Counter, type Level, type LogFields, type Logger, levels } from './telemetry.ts';
import type { WallClock } from './wall-clock.ts';

export interface LoggerOptions {
  readonly level: Level;
  readonly wall: WallClock;
  readonly format: FormatLine;
  /** Takes a line with its line break; must not block. */
  readonly write: (line: string) => void;
  /** Undefined: lines are only written. */
  readonly sink: Batches | undefined;
  /** Counts the lines of each level. */
  readonly counters: Readonly<Record<Level, Counter>>;
}

const maxFields = 64;
const maxStackLength = 16 * 1024;

/** Writes each line to the sink and hands it to the exporter. Nothing that a caller logs can make it throw. */
export class LineLogger implements Logger {
  readonly #options: LoggerOptions;
  #level: Level;
  #threshold: number;

  constructor(options: LoggerOptions) {
    this.#options = options;
    this.#level = options.level;
    this.#threshold = levels.indexOf(options.level);
  }

  get level(): Level {
    return this.#level;
  }

  /** May be changed at any time. */
  set level(level: Level) {
    const threshold = levels.indexOf(level);
    if (threshold < 0) throw new TypeError(`log level ${JSON.stringify(level)} is none of ${levels.join(', ')}`);
    this.#level = level;
    this.#threshold = threshold;
  }

  log(ctx: Context, level: Level, message: string, fields?: LogFields): void {
    if (levels.indexOf(level) < this.#threshold) return;
    const { wall, format, write, sink, counters } = this.#options;
    const record = toRecord(ctx, wall.epochMs(), level, message, fields);
    write(format(record));
    sink?.add(writeLog, record);
    counters[level].add();
  }

  /** As `prepareLine`. */
  prepare(level: Level, message: string, fields: LogFields): PreparedLine {
    const { wall, format, write, sink, counters } = this.#options;
    const rank = levels.indexOf(level);
    const counter = counters[level];
    const fixed = { message: cleanText(message), fields: cleanFields(fields) };
    return (ctx, more) => {
      if (rank < this.#threshold) return;
      const record = recordOf(ctx, wall.epochMs(), level, fixed.message, more(), fixed);
      write(format(record));
      sink?.add(writeLog, record);
      counter.add();
    };
  }

  /** A line about telemetry itself: written, never exported, so that a failing exporter does not feed itself. */
  note(ctx: Context, level: Level, message: string, fields?: LogFields): void {
    if (levels.indexOf(level) < this.#threshold) return;
    const { wall, format, write } = this.#options;
    write(format(toRecord(ctx, wall.epochMs(), level, message, fields)));
  }

  debug(ctx: Context, message: string, fields?: LogFields): void {
    this.log(ctx, 'debug', message, fields);
  }

  info(ctx: Context, message: string, fields?: LogFields): void {
    this.log(ctx, 'info', message, fields);
  }

  warn(ctx: Context, message: string, fields?: LogFields): void {
    this.log(ctx, 'warn', message, fields);
  }

  error(ctx: Context, message: string, fields?: LogFields): void {
    this.log(ctx, 'error', message, fields);
  }
}

/** Writes a line; `more` is asked only if the level is on, and must not throw. */
export type PreparedLine = (ctx: Context, more: () => LogFields) => void;

/**
 * A line that is written many times, with the same level, message and first fields: they are cleaned and encoded once. Every
 * call of a method has one.
 */
export function prepareLine(log: Logger, level: Level, message: string, fields: LogFields): PreparedLine {
  if (log instanceof LineLogger) return log.prepare(level, message, fields);
  return (ctx, more) => log.log(ctx, level, message, { ...fields, ...more() });
}

/** A field whose getter throws costs its line the fields, never its caller the call. */
function toRecord(ctx: Context, timeMs: number, level: Level, message: string, fields?: LogFields): LogRecord {
  try {
    return recordOf(ctx, timeMs, level, message, fields);
  } catch (failure) {
    const unreadable = { unreadable: failure instanceof Error ? failure.message : typeof failure };
    return recordOf(ctx, timeMs, level, message, unreadable);
  }
}

function recordOf(
  ctx: Context,
  timeMs: number,
  level: Level,
  message: string,
  fields: LogFields = {},
  fixed?: FixedPart,
): LogRecord {
  const { trace, tenant, lane } = fieldsOf(ctx);
  const error = fields.error;
  return {
    timeMs,
    level,
    message: fixed?.message ?? cleanText(String(message)),
    traceId: trace === undefined ? '' : trace.traceId,
    spanId: trace === undefined ? '' : trace.spanId,
    tenant,
    lane,
    fields: cleanFields(fields, fixed?.fields),
    error: error === undefined ? undefined : describeError(error),
    ...(fixed !== undefined && { fixed }),
  };
}

function cleanFields(fields: LogFields, first: LogRecord['fields'] = []): (readonly [string, CleanValue])[] {
  const clean = [...first];
  for (const name in fields) {
    if (name === 'error' || fields[name] === undefined) continue;
    if (clean.length === maxFields) break;
    clean.push([reservedNames.has(name) ? `field.${name}` : name, cleanField(name, fields[name])]);
  }
  return clean;
}

function describeError(error: unknown): LogError {
  const status = errors.isStatusError(error) ? error : undefined;
  const stack = cleanText(errors.format(error), maxStackLength);
  if (status !== undefined) {
    return { name: status.name, code: status.code, reason: status.reason, message: cleanText(status.message), stack };
  }
  if (error instanceof Error) return { name: error.name, message: cleanText(error.message), stack };
  return { name: typeof error, message: stack, stack };
}
