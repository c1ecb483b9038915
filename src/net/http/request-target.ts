/**
 * The path and query of a request target (RFC 9112, section 3.2): origin-form as it is, absolute-form (as sent to proxies)
 * without what stands before its path, or `*`. Undefined for anything else. The target is visible ASCII: the parser saw to it.
 */
export function originForm(target: string): string | undefined {
  if (target.charCodeAt(0) === slash || target === '*') return target;
  const match = /^https?:\/\/[^/?]+/i.exec(target);
  if (match === null) return undefined;
  const rest = target.slice(match[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

const slash = 47;
