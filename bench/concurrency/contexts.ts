import { background, type Context, contextKey } from 'flotilla/concurrency';
import { checkSum, sumBelow, type Works } from './work.ts';

const tenant = contextKey('bench.tenant', 0);
const principal = contextKey('bench.principal', '');
const sampled = contextKey('bench.sampled', false);

/** The Context of a request: a deadline and three values, below one that lives as long as the server. */
export const contextWorks: Works = {
  'context-deadline': async (n) => {
    const server = background().withCancel();
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const ctx = server.withTimeout(1000);
      sum = (sum + withValues(ctx, i).value(tenant)) | 0;
      ctx[Symbol.dispose]();
    }
    server.cancel();
    checkSum(sum, sumBelow(n));
  },
  'context-using': async (n) => {
    const server = background().withCancel();
    let sum = 0;
    for (let i = 0; i < n; i++) sum = (sum + request(server, i)) | 0;
    server.cancel();
    checkSum(sum, sumBelow(n));
  },
};

function request(server: Context, i: number): number {
  using ctx = server.withTimeout(1000);
  return withValues(ctx, i).value(tenant);
}

function withValues(ctx: Context, i: number): Context {
  return ctx.withValue(tenant, i).withValue(principal, 'user').withValue(sampled, true);
}
