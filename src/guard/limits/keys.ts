import type { CallHead } from '../../call/index.ts';

/** What a limit counts by. Undefined: the call has no such thing. */
export type KeyOf = (head: CallHead) => string | undefined;

export const byTenant: KeyOf = ({ fields }) => fields.tenant || undefined;

/** By the end user. Users of two tenants may have the same name, so both count. */
export const byPrincipal: KeyOf = ({ fields: { tenant, principal } }) =>
  principal === '' ? undefined : tenant === '' ? principal : `${tenant}\n${principal}`;

export const byMethod: KeyOf = ({ service, method }) => `${service}/${method}`;

/**
 * By the address of the connection; of IPv6 by its /64, which is what one customer gets at least: who has one has 2^64
 * addresses to call from. Behind a proxy all calls have the proxy's.
 */
export const byAddress: KeyOf = ({ address }) => (address === undefined ? undefined : networkOf(address));

/** The address itself, and of IPv6 its first four groups. The mapped form `::ffff:192.0.2.1` is IPv4. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const zone = address.indexOf('%');
  const [head = '', tail] = (zone < 0 ? address : address.slice(0, zone)).split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
