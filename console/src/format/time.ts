import { none } from './duration.ts';

/** Time of day in the reader's zone, with milliseconds: `14:03:07.042`. */
export function formatTime(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return none;
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** Date and time of day in the reader's zone: `2026-02-03 14:03:07.042`. */
export function formatDateTime(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return none;
  return `${formatDate(ms)} ${formatTime(ms)}`;
}

/** `2026-02-03` */
export function formatDate(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** The time of day alone for today, with the date in front for any other day. */
export function formatMoment(ms: number, nowMs: number): string {
  return formatDate(ms) === formatDate(nowMs) ? formatTime(ms) : formatDateTime(ms);
}

/** How long ago, coarse: `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `4 d ago`. */
export function formatAgo(ms: number | null | undefined, nowMs: number): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return none;
  const seconds = Math.max(0, Math.round((nowMs - ms) / 1000));
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** What `<input type="datetime-local" step="1">` holds: `2026-02-03T14:03:07`. */
export function toLocalInput(ms: number): string {
  return `${formatDate(ms)}T${formatTime(ms).slice(0, 8)}`;
}

/** Undefined for text that is no local date and time. */
export function fromLocalInput(text: string): number | undefined {
  const ms = text === '' ? Number.NaN : new Date(text).getTime();
  return Number.isFinite(ms) ? ms : undefined;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
