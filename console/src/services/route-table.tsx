import type { TimeRange } from '../time/time-range.ts';
export function RouteTable(_: { readonly service: string; readonly range: TimeRange }) {
  return null;
}
