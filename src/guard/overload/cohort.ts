import type { CallFields, Priority } from '../../call/index.ts';
import { cohorts } from './admission-level.ts';

/** 0 for critical to 3 for background. */
export function rankOf(priority: Priority): number {
  if (priority === 'default') return 1;
  if (priority === 'critical') return 0;
  return priority === 'sheddable' ? 2 : 3;
}

/**
 * Which of the cohorts a call belongs to: by its user, else its tenant, else its trace, so that a user is served well or not
 * at all, instead of failing now and then. Another `salt` deals all cohorts anew.
 */
export function cohortOf({ principal, tenant, trace }: CallFields, salt: number, random: () => number): number {
  if (principal !== '') return hash(principal, salt) % cohorts;
  if (tenant !== '') return hash(tenant, salt) % cohorts;
  if (trace !== undefined) return hash(trace.traceId, salt) % cohorts;
  return Math.floor(random() * cohorts);
}

/** FNV-1a over UTF-16 units, mixed once more so that the low bits depend on all of it. Not for anything secret. */
function hash(text: string, salt: number): number {
  let sum = salt ^ 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  return (sum ^ (sum >>> 13)) >>> 0;
}
