import {
  type Baggage,
  type CallFields,
  defaultFields,
  emptyBaggage,
  type GetHeader,
  readFields,
  readTimeoutMs,
} from '../../call/index.ts';
import type { TrustedFields } from '../../net/http/index.ts';
import { chooseLane, type LaneRules } from './lane-choice.ts';

/**
 * What a stranger may say of a call. There is no rule for tenant and principal, which come from the token, nor for priority,
 * which follows from them, and attempt, which nobody outside decides: those are always stripped.
 */
export interface FieldRules extends LaneRules {
  /** Whether a caller's trace (`traceparent`, `tracestate`) is continued. Default: true. */
  readonly trace?: boolean;
  /** The baggage members that are let in. Default: none. */
  readonly baggage?: readonly string[];
  /** The longest that a caller may make the service work for it, in milliseconds. Default: 15,000. */
  readonly maxTimeoutMs?: number;
}

/** What admission is told of a caller, before its token is checked. */
export type Recognize = (get: GetHeader) => Pick<CallFields, 'tenant' | 'principal' | 'priority'>;

/**
 * Reads the fields of a call from outside: for the option `fields` of an HTTP server. `recognize` says what is known of the
 * caller; by default nothing. Throws a RangeError for a limit that is none and a TypeError for a lane that is none.
 */
export function fieldsFromOutside(
  rules: FieldRules = {},
  recognize: Recognize = () => defaultFields,
): (get: GetHeader) => TrustedFields {
  const { trace = true, maxTimeoutMs = 15_000 } = rules;
  if (!(maxTimeoutMs > 0)) throw new RangeError(`fields: maxTimeoutMs is ${maxTimeoutMs}; it must be a number above 0`);
  const laneOf = chooseLane(rules);
  const baggage = new Set(rules.baggage);
  return (get) => {
    const said = readFields(get);
    const { tenant, principal, priority } = recognize(get);
    const fields: CallFields = {
      ...defaultFields,
      trace: trace ? said.trace : undefined,
      baggage: allowed(said.baggage, baggage),
      lane: laneOf(said.lane, get),
      tenant,
      principal,
      priority,
    };
    const timeoutMs = readTimeoutMs(get);
    return { fields, timeoutMs: timeoutMs === undefined ? undefined : Math.min(timeoutMs, maxTimeoutMs) };
  };
}

function allowed(said: Baggage, names: ReadonlySet<string>): Baggage {
  if (names.size === 0 || said.size === 0) return emptyBaggage;
  return new Map([...said].filter(([name]) => names.has(name)));
}
