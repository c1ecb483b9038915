import { type BurstRate, byAddress, keyedLimiter } from 'flotilla/guard';
import { type Middleware, rateLimit } from 'flotilla/service';

/** 1,000 at once: an office whose people come in the morning. 10 a second: hashing that many passwords takes most of a core. */
const perMinute: BurstRate = { limit: 600, windowMs: 60_000, burst: 1_000 };

/** Bounds how often one address may try names and passwords, or open accounts. Change it as `guard.limits.sign-in`. */
export function signInLimit(rate: BurstRate = perMinute): Middleware {
  const limit = keyedLimiter({ name: 'sign-in', key: byAddress, tell: true, ...rate });
  return rateLimit(limit, { methods: ['POST /v1/accounts', 'POST /v1/sessions'] }).middleware;
}
