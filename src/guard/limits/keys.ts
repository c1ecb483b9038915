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
 * addresses to call from. Behind a proxy all calls have the proxy's; over a Unix socket they have none.
 */
export const byAddress: KeyOf = ({ address }) =>
  address === undefined || address === '' ? undefined : networkOf(address);

/** The address itself, and of IPv6 its first four groups: `2001:db8:0:1`. The mapped form, `::ffff:192.0.2.1` or `::ffff:c000:201`, is IPv4. */
export function networkOf(address: string): string {
  let colons = 0;
  let before = colon;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code === colon) {
      if (before === colon) return parsedNetwork(address);
      if (++colons === 4) return address.slice(0, i);
    } else if ((code >= upperA && code <= upperF) || (code === zero && before === colon && colons > 0)) {
      // The form that the system gives has neither capitals nor leading zeros; a group that is 0 is rare enough.
      return parsedNetwork(address);
    }
    before = code;
  }
  return colons === 0 ? address : parsedNetwork(address);
}

const colon = 0x3a;
const zero = 0x30;
const upperA = 0x41;
const upperF = 0x46;
const mapped = /^(?:0{1,4}:){5}ffff$/i;

function parsedNetwork(address: string): string {
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [bare = ''] = address.split('%', 1);
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  if (mapped.test(groups.slice(0, 6).join(':'))) {
    const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16));
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  }
  return groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}
