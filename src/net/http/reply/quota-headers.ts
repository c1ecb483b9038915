import type { QuotaState } from '../../../call/index.ts';

/**
 * Tells how much of a limit is left, name and value in turn: `RateLimit-Policy: "signup";q=5;w=60` and
 * `RateLimit: "signup";r=3;t=41`. Times are whole seconds. (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4.)
 */
export function quotaHeaders({ policy, limit, windowMs, remaining, resetMs }: QuotaState): string[] {
  return [
    'ratelimit-policy',
    `"${policy}";q=${limit};w=${Math.max(1, Math.ceil(windowMs / 1000))}`,
    'ratelimit',
    `"${policy}";r=${Math.max(0, Math.floor(remaining))};t=${Math.max(0, Math.ceil(resetMs / 1000))}`,
  ];
}
