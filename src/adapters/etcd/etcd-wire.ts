import { checkInstance, type Instance } from '../../discovery/index.ts';

/**
 * Instances in etcd: the key `PREFIX/SERVICE/ID` holds `{ token, instance }` under the instance's lease. One that leaves on
 * purpose writes `{ token, left: true }` before it revokes its lease, so that watchers can tell it from one that was lost.
 */
export interface Entry {
  readonly service: string;
  readonly id: string;
  /** Random, one for each registration. */
  readonly token: string;
  /** Undefined: it has left. */
  readonly instance: Instance | undefined;
}

/** A key and its value as etcd's JSON has them; bytes are base64, 64-bit numbers are text, what is zero is left out. */
export interface KeyValue {
  readonly key: string;
  readonly value: string;
  readonly mod_revision: string;
  readonly lease: string;
}

export interface KeyRange {
  readonly key: string;
  readonly range_end: string;
}

export function keyOf(prefix: string, { service, id }: Pick<Instance, 'service' | 'id'>): string {
  return base64(`${prefix}/${service}/${id}`);
}

/** All instances of a service, or all of the prefix. '0' is what follows '/'. */
export function rangeOf(prefix: string, service: string | undefined): KeyRange {
  const below = service === undefined ? prefix : `${prefix}/${service}`;
  return { key: base64(`${below}/`), range_end: base64(`${below}0`) };
}

export function entryOf(token: string, instance: Instance): string {
  return base64(JSON.stringify({ token, instance }));
}

export function farewellOf(token: string): string {
  return base64(JSON.stringify({ token, left: true }));
}

/** Service and id of a key; undefined for one that is none of ours. */
export function parseKey(prefix: string, key: string): Pick<Entry, 'service' | 'id'> | undefined {
  const text = Buffer.from(key, 'base64').toString();
  if (!text.startsWith(`${prefix}/`)) return undefined;
  const [service, id, ...more] = text.slice(prefix.length + 1).split('/');
  return service && id && more.length === 0 ? { service, id } : undefined;
}

/** What is written under a key; undefined for what is none of ours, or of a newer version that this one cannot read. */
export function parseEntry(prefix: string, { key, value }: KeyValue): Entry | undefined {
  const at = parseKey(prefix, key);
  if (at === undefined) return undefined;
  try {
    const { token, instance, left } = record(JSON.parse(Buffer.from(value, 'base64').toString()));
    if (typeof token !== 'string') return undefined;
    if (left === true) return { ...at, token, instance: undefined };
    const checked = checkInstance(instance);
    return checked.service === at.service && checked.id === at.id ? { ...at, token, instance: checked } : undefined;
  } catch {
    return undefined;
  }
}

export function parseKeyValue(value: unknown): KeyValue {
  const kv = record(value);
  return {
    key: text(kv.key),
    value: text(kv.value),
    mod_revision: text(kv.mod_revision, '0'),
    lease: text(kv.lease, '0'),
  };
}

export function parseKeyValues(value: unknown): readonly KeyValue[] {
  return Array.isArray(value) ? value.map(parseKeyValue) : [];
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** 64-bit numbers are text, and left out where they are zero. */
export function text(value: unknown, fallback = ''): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : fallback;
}

function base64(value: string): string {
  return Buffer.from(value).toString('base64');
}
