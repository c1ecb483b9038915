import { type Context, go, isContextError, tick } from '../../concurrency/index.ts';
import { StatusError } from '../../errors/index.ts';
import { seededRandom } from './arrivals.ts';
import { httpLoadClient } from './http-client.ts';
import { openLoop } from './open-loop.ts';
import { type LoadPlan, type LoadReport, makeReport } from './report.ts';
import { type ScenarioName, scenario } from './scenario.ts';
import { Tally } from './tally.ts';

export interface LoadOptions extends Omit<LoadPlan, 'url' | 'scenario'> {
  readonly url: URL;
  readonly scenario: ScenarioName;
  readonly users: number;
  readonly rooms: number;
  readonly guests: number;
  /** Targets that are not this machine are refused otherwise: a load is an attack on who did not ask for it. */
  readonly allowRemote: boolean;
  /** Called when the set-up is done, and with the numbers so far every second. */
  readonly onProgress?: (tally: Tally) => void;
}

const progressMs = 1000;

/**
 * Puts an open-loop load on a server and reports. Ends early with what there is when `ctx` ends. Throws
 * `permission_denied` for a target elsewhere and `failed_precondition` where the set-up fails.
 */
export async function runLoad(ctx: Context, options: LoadOptions): Promise<LoadReport> {
  const { url, onProgress, ratePerSecond, durationMs, arrivals, connections, seed } = options;
  if (!options.allowRemote && !isLoopback(url)) {
    throw new StatusError(
      'permission_denied',
      `${url.hostname} is not this machine; add --allow-remote if its owner wants the load`,
      {
        reason: 'REMOTE_TARGET',
      },
    );
  }
  const client = httpLoadClient(url, { connections });
  const tally = new Tally();
  const random = seededRandom(seed);
  try {
    const { users, rooms, guests } = options;
    const next = await scenario(options.scenario, { target: url, users, rooms, guests }).prepare(ctx, client, random);
    onProgress?.(tally);
    await using _progress = go(ctx, async (own) => {
      for await (const _ of tick(own, progressMs)) onProgress?.(tally);
    });
    const send = client.send.bind(client);
    await openLoop(ctx, {
      ratePerSecond,
      durationMs,
      arrivals,
      random: seededRandom(seed + 1),
      maxInFlight: connections,
      next,
      send,
      tally,
    });
  } catch (error) {
    if (!isContextError(error)) throw error;
  } finally {
    client.close();
  }
  return makeReport(
    { url: url.href, scenario: options.scenario, ratePerSecond, durationMs, arrivals, connections, seed },
    tally,
  );
}

function isLoopback({ hostname }: URL): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}
