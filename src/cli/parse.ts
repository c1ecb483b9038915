import { InvalidArgumentError } from 'commander';
import type { LaneService, PortChoice } from '../fleet/index.ts';

/** `8080` */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Give a port from 1 to 65535, or 0 for any free one.');
}

/** `8080` or `gateway=8080`; the option may be given several times. */
export function parsePortChoice(text: string, before: readonly PortChoice[] = []): readonly PortChoice[] {
  const [first = '', second] = text.split('=', 2);
  const choice =
    second === undefined ? { service: undefined, port: parsePort(first) } : { service: first, port: parsePort(second) };
  return [...before, choice];
}

/** `room,rank` */
export function parseNames(text: string): readonly string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) throw new InvalidArgumentError('Give names of services, like room,rank.');
  return names;
}

/** `room=./room-blue/main.ts`; the option may be given several times. */
export function parseLaneService(text: string, before: readonly LaneService[] = []): readonly LaneService[] {
  const [name = '', ...rest] = text.split('=');
  const path = rest.join('=');
  if (name === '' || path === '') {
    throw new InvalidArgumentError('Give a service and a file, like room=./room-blue/main.ts.');
  }
  if (before.some((one) => one.name === name)) throw new InvalidArgumentError(`Give ${name} once.`);
  return [...before, { name, path }];
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const maxDurationMs = 24 * 3_600_000;

/** `500ms`, `10s`, `2m`, `1h`; in milliseconds. */
export function parseDuration(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const durationMs = Number(amount) * (unitsMs[unit] ?? Number.NaN);
  if (durationMs > 0 && durationMs <= maxDurationMs) return durationMs;
  throw new InvalidArgumentError('Give a duration up to 24h, like 500ms, 10s or 2m.');
}

/** A whole number within the range. */
export function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= least && count <= most) return count;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

/** `0.9` */
export function parseShare(text: string): number {
  const share = Number(text);
  if (/^[\d.]+$/.test(text) && share >= 0 && share <= 1) return share;
  throw new InvalidArgumentError('Give a number from 0 to 1, like 0.9.');
}

/** `http://127.0.0.1:8080`; a host and port alone are taken as HTTP. */
export function parseUrl(text: string): URL {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new InvalidArgumentError('Give a URL, like http://127.0.0.1:8080.');
}
