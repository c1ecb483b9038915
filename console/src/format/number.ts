import { formatDuration, none, significant } from './duration.ts';

/** Calls per second: `0/s`, `0.03/s`, `12.4/s`, `1.20k/s`. */
export function formatRate(perSecond: number | null | undefined): string {
  const text = formatNumber(perSecond);
  return text === none ? none : `${text}/s`;
}

/** A share between 0 and 1 as a percentage. What is not zero never reads as zero: `<0.01%`. */
export function formatPercent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return none;
  if (share === 0) return '0%';
  const percent = share * 100;
  if (percent < 0.01) return '<0.01%';
  if (percent < 9.995) return `${trimZeros(percent.toFixed(2))}%`;
  return `${trimZeros(percent.toFixed(1))}%`;
}

/** Any value, short: `0.0123`, `12.3`, `4.56k`, `7.80M`, `1.20G`. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  if (value < 0) return `-${formatNumber(-value)}`;
  if (value === 0) return '0';
  if (value < 0.01) return value < 0.0001 ? value.toExponential(1) : trimZeros(value.toPrecision(2));
  if (value < 999.5) return Number.isInteger(value) ? String(value) : trimZeros(significant(value));
  for (const [limit, unit] of scales) if (value < limit * 999.5) return `${significant(value / limit)}${unit}`;
  return value.toExponential(2);
}

/** A count in full with thin groups: `12,345`. */
export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined || !Number.isFinite(count) ? none : counts.format(count);
}

/** A metric's value in its UCUM unit: seconds as a duration, bytes in powers of 1,024, the rest as a number. */
export function formatUnit(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  if (unit.endsWith('/s')) return `${formatUnit(value, unit.slice(0, -2))}/s`;
  if (unit === '1' || unit === '') return formatNumber(value);
  if (unit === 's') return formatDuration(value * 1000);
  if (unit === 'ms') return formatDuration(value);
  if (unit === 'By') return formatBytes(value);
  if (unit === '%') return `${formatNumber(value)}%`;
  return unit.startsWith('{') ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
}

export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  for (; value >= 1023.5 && unit < byteUnits.length - 1; unit++) value /= 1024;
  const text = unit === 0 ? String(Math.round(value)) : significant(value);
  return `${bytes < 0 ? '-' : ''}${text} ${byteUnits[unit]}`;
}

const scales: readonly (readonly [number, string])[] = [
  [1e3, 'k'],
  [1e6, 'M'],
  [1e9, 'G'],
  [1e12, 'T'],
];
const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const counts = new Intl.NumberFormat('en-US');

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
