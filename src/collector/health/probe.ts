import type { Context } from '../../concurrency/index.ts';
import type { Instance } from '../../discovery/index.ts';
import type { HttpClient } from '../../net/http/index.ts';
import { noTelemetry, withTelemetry } from '../../observe/index.ts';

/**
 * Asks an instance's `/readyz` on its admin endpoint. True for 200; false for any other status. Without an admin endpoint
 * being registered is all that is known. Throws when nobody answers.
 */
export async function probeReadiness(
  ctx: Context,
  client: HttpClient,
  instance: Instance,
  token?: string,
): Promise<boolean> {
  const { admin } = instance.endpoints;
  if (admin === undefined) return true;
  // Without telemetry: what the collector asks would stand among what it shows.
  const { status } = await client.request(withTelemetry(ctx, noTelemetry), {
    url: new URL('/readyz', admin).href,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    acceptErrors: true,
  });
  return status === 200;
}
