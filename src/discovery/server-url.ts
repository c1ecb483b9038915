/**
 * The address of a registry's server, without slashes at its end. It stands in the registry's name, and so in logs and errors:
 * one with a name or password in it is refused, with `advice`, and never shown. Throws a TypeError that names `option`.
 */
export function checkServerUrl(option: string, url: string, example: string, advice: string): string {
  const parsed = URL.parse(url);
  // One that cannot be read may have a password in it all the same.
  const shown = withoutAccount(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new TypeError(`${option} "${shown}" is not a URL such as ${example}`);
  if (`${parsed.username}${parsed.password}` !== '')
    throw new TypeError(`${option} "${shown}" has a name or password in it; ${advice}`);
  if (parsed.search !== '' || parsed.hash !== '')
    throw new TypeError(`${option} "${shown.replace(/[?#].*/, '')}" has a query or a fragment; give it without`);
  return url.replace(/\/+$/, '');
}

/** A URL of any form to be shown: without what stands before an @, which may be a password. */
export function withoutAccount(url: string): string {
  return url.replace(/^([a-z+]*:?\/*)?.*@/is, '$1…@');
}
