import type { Context } from '../../concurrency/index.ts';
import type { Instance } from '../../discovery/index.ts';

/**
 * Asks an instance's `/readyz` on its admin endpoint. True for 200; false for any other status. Without an admin endpoint
 * being registered is all that is known. Throws when nobody answers.
 */
export async function probeReadiness(ctx: Context, instance: Instance, token?: string): Promise<boolean> {
  const { admin } = instance.endpoints;
  if (admin === undefined) return true;
  const response = await fetch(new URL('/readyz', admin), {
    signal: ctx.signal,
    redirect: 'error',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  await response.body?.cancel();
  return response.status === 200;
}
