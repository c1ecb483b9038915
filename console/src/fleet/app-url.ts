import type { Service } from '../api/answers.ts';

/** Where people reach the app: the `http` endpoint of a gateway instance that is not gone. Undefined without one. */
export function appUrl(services: readonly Service[]): string | undefined {
  const instances = services.find(({ name }) => name === 'gateway')?.instances ?? [];
  const url = instances.find(({ state, endpoints }) => state !== 'gone' && endpoints.http !== undefined)?.endpoints
    .http;
  // Whoever reaches the registry chose it: only what is a web address becomes a link.
  return url !== undefined && /^https?:$/.test(URL.parse(url)?.protocol ?? '') ? url : undefined;
}
