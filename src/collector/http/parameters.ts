import type { HttpQuery } from '../../net/http/index.ts';
import { CollectorErrors } from '../collector-errors.ts';
import { logLevels } from '../otlp/records.ts';

/** A range of values, as an error message says it. */
interface Range {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
}

/** The latest time that is taken, in milliseconds: the year 2286, whose microseconds a double still holds. */
const maxTimeMs = 9_999_999_999_999;
const maxTextLength = 1000;

/** The parameters of one request. Each is checked when it is asked for; a wrong one throws INVALID_QUERY. */
export class Parameters {
  readonly #query: HttpQuery;

  /** `names` are all that the route takes: a misspelt one must not be ignored. */
  constructor(query: HttpQuery, names: readonly string[]) {
    this.#query = query;
    const unknown = Object.keys(query).find((name) => !names.includes(name));
    if (unknown !== undefined) throw invalid(unknown, 'unknown', `one of ${names.join(', ')}`);
  }

  text(name: string, maxLength = maxTextLength): string {
    const value = this.#one(name) ?? '';
    if (value.length > maxLength) throw invalid(name, `${value.length} characters`, `at most ${maxLength} characters`);
    return value;
  }

  number(name: string, { min, max, fallback }: Range): number {
    const text = this.#one(name) ?? '';
    if (text === '') return fallback;
    const value = Number(text);
    if (!(value >= min && value <= max)) throw invalid(name, text, `a number from ${min} to ${max}`);
    return value;
  }

  /** A whole number. */
  count(name: string, range: Range): number {
    const value = this.number(name, range);
    if (!Number.isInteger(value))
      throw invalid(name, String(value), `a whole number from ${range.min} to ${range.max}`);
    return value;
  }

  time(name: string, fallback: number): number {
    return this.number(name, { min: 0, max: maxTimeMs, fallback });
  }

  /** `since` and `until`, in order. */
  window(defaultMs: number): { readonly sinceMs: number; readonly untilMs: number } {
    const untilMs = this.time('until', Date.now());
    const sinceMs = this.time('since', Math.max(0, untilMs - defaultMs));
    if (sinceMs > untilMs) throw invalid('since', String(sinceMs), `a time before until (${untilMs})`);
    return { sinceMs, untilMs };
  }

  flag(name: string): boolean | undefined {
    const value = this.#one(name) ?? '';
    if (value === '') return undefined;
    if (value === 'true' || value === '1') return true;
    if (value === 'false' || value === '0') return false;
    throw invalid(name, value, 'true or false');
  }

  /** A level as its number; the lowest without one. */
  level(name: string): number {
    const value = (this.#one(name) ?? '').toLowerCase();
    if (value === '') return 0;
    const level = logLevels.indexOf(value as (typeof logLevels)[number]);
    if (level < 0) throw invalid(name, value, `one of ${logLevels.join(', ')}`);
    return level;
  }

  /** A trace id, or '' without one. */
  traceId(name: string): string {
    const value = (this.#one(name) ?? '').toLowerCase();
    return value === '' ? '' : checkTraceId(name, value);
  }

  #one(name: string): string | undefined {
    const value = this.#query[name];
    if (typeof value === 'object') throw invalid(name, `${value.length} values`, 'one value');
    return value;
  }
}

export function checkTraceId(name: string, value: string): string {
  if (!/^[0-9a-f]{32}$/.test(value)) throw invalid(name, value, 'a trace id of 32 hex digits');
  return value;
}

/** The width of a step so that the window has about `points`, or the one that was asked for if it has not too many. */
export function stepOf(
  parameters: Parameters,
  window: { readonly sinceMs: number; readonly untilMs: number },
  leastMs: number,
): number {
  const widthMs = window.untilMs - window.sinceMs;
  const least = Math.max(1000, Math.ceil(widthMs / maxPoints));
  const fallback = Math.max(leastMs, niceStep(widthMs / defaultPoints));
  return parameters.count('stepMs', { min: least, max: 24 * 3600 * 1000, fallback: Math.max(fallback, least) });
}

const defaultPoints = 120;
const maxPoints = 2000;
const niceSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

function niceStep(wantedMs: number): number {
  return (niceSteps.find((seconds) => seconds * 1000 >= wantedMs) ?? niceSteps.at(-1)!) * 1000;
}

export function invalid(name: string, value: string, range: string): Error {
  return CollectorErrors.INVALID_QUERY(`the parameter ${name.slice(0, 80)} is ${value.slice(0, 80)}; give ${range}`, {
    metadata: { parameter: name.slice(0, 80), range },
  });
}
