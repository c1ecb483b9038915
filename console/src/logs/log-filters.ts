import { numberParam, type Params } from '../routing/place.ts';
import { parseRange, rangeParams, type TimeRange } from '../time/time-range.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What the log view shows; all of it stands in the address. */
export interface LogFilters {
  readonly q: string;
  readonly service: string;
  /** The least severe level shown; empty for all. */
  readonly level: LogLevel | '';
  readonly trace: string;
  readonly range: TimeRange;
  /** Following what arrives. Only where nothing but new lines can match: no fixed range, no trace, no line to look around. */
  readonly isLive: boolean;
  /** The line whose neighbourhood is shown. */
  readonly around: { readonly id: string; readonly timeMs: number } | undefined;
}

export const defaultLogFilters: LogFilters = parseLogFilters(new URLSearchParams());

export function parseLogFilters(params: URLSearchParams): LogFilters {
  const level = params.get('level') ?? '';
  const range = parseRange(params);
  const trace = params.get('trace') ?? '';
  const atMs = numberParam(params, 'at');
  const aroundId = params.get('around') ?? '';
  const around = aroundId !== '' && atMs !== undefined ? { id: aroundId, timeMs: atMs } : undefined;
  return {
    q: params.get('q') ?? '',
    service: params.get('service') ?? '',
    level: isLogLevel(level) ? level : '',
    trace,
    range,
    isLive: params.get('live') !== '0' && range.kind === 'last' && trace === '' && around === undefined,
    around,
  };
}

export function logParams(filters: Partial<LogFilters>): Params {
  return {
    q: filters.q,
    service: filters.service,
    level: filters.level,
    trace: filters.trace,
    ...(filters.range !== undefined && rangeParams(filters.range)),
    live: filters.isLive === false ? '0' : undefined,
    around: filters.around?.id,
    at: filters.around?.timeMs,
  };
}

/**
 * Takes `service:`, `level:` and `trace:` out of what a person typed into the search field, as other log tools have it. The
 * rest is the full-text query.
 */
export function readQuery(text: string): Partial<Pick<LogFilters, 'q' | 'service' | 'level' | 'trace'>> {
  const found: { q: string; service?: string; level?: LogLevel; trace?: string } = { q: '' };
  const words: string[] = [];
  for (const word of text.split(/\s+/)) {
    const [, field, value] = /^(service|level|trace):(\S+)$/.exec(word) ?? [];
    if (value === undefined) words.push(word);
    else if (field === 'level' && isLogLevel(value)) found.level = value;
    else if (field === 'service') found.service = value;
    else if (field === 'trace') found.trace = value;
    else words.push(word);
  }
  found.q = words.join(' ').trim();
  return found;
}

export function isLogLevel(text: string): text is LogLevel {
  return (logLevels as readonly string[]).includes(text);
}
