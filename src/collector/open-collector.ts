import type { Context } from '../concurrency/index.ts';
import type { Instance, Registry } from '../discovery/index.ts';
import { createRouter, client as httpClient, type Router } from '../net/http/index.ts';
import { telemetryOf } from '../observe/index.ts';
import { maxInstances, noHealth, watchHealth } from './health/health.ts';
import { probeReadiness } from './health/probe.ts';
import { apiRoutes } from './http/api-routes.ts';
import { type GuardOptions, guardRequests } from './http/guard.ts';
import { otlpRoutes } from './http/otlp-routes.ts';
import { openStore } from './store/store.ts';

export interface OpenCollectorOptions extends GuardOptions {
  /** The directory of the telemetry files, of its own; made if there is none. */
  readonly dataDir: string;
  /** All files together, in bytes; when they exceed it, the oldest eighth is deleted. At least 4 MiB. Default: 512 MiB. */
  readonly maxBytes?: number;
  /** Bytes of telemetry that waits to be stored; beyond it senders get 429 and try again. Default: 32 MiB. */
  readonly maxQueueBytes?: number;
  /** Requests that wait to be stored. Default: 256. */
  readonly maxQueuedRequests?: number;
  /** Whose instances `/api/services` shows, with their health. Default: none, only services that sent telemetry. */
  readonly registry?: Registry;
  /** What the instances' admin endpoints want as a bearer token. Default: none. */
  readonly adminToken?: string;
  /** Bytes of an OTLP request as it arrives. Default: 4 MiB. */
  readonly maxBodyBytes?: number;
  /** Bytes of an OTLP request after decompression. Default: 16 MiB. */
  readonly maxMessageBytes?: number;
}

/** A collector without a server: its routes, for whoever serves more on the same port. */
export interface OpenCollector {
  /** `/v1/traces`, `/v1/logs`, `/v1/metrics` and `/api/...`, behind the checks of {@link guardRequests}. */
  readonly router: Router;
  /** Stores what waits until `ctx` ends, then closes the files. Call it after the server has stopped. Never throws. */
  close(ctx: Context): Promise<void>;
}

/**
 * Opens the store, starts to watch the registry, and makes the routes. `ctx` is the server's: it carries the telemetry for
 * notices, and its end stops the watch. Start the server with {@link quietTelemetry}. Throws STORE_FAILED for a directory
 * that cannot be used, and RangeError for a bound out of its range.
 */
export async function openCollector(ctx: Context, options: OpenCollectorOptions): Promise<OpenCollector> {
  const { dataDir: dir, maxBytes, maxQueueBytes, maxQueuedRequests, registry, adminToken } = options;
  const { maxBodyBytes = 4 * 1024 * 1024, maxMessageBytes = 16 * 1024 * 1024 } = options;
  const router = createRouter({ middleware: [guardRequests(options)] });
  const store = await openStore(ctx, {
    dir,
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxQueueBytes !== undefined && { maxQueueBytes }),
    ...(maxQueuedRequests !== undefined && { maxQueuedRequests }),
    onNotice: (text) => telemetryOf(ctx).log.warn(ctx, text),
  });
  const client = httpClient({ sendFields: false, timeoutMs: 0, maxOrigins: maxInstances });
  const probe = (probeCtx: Context, instance: Instance) => probeReadiness(probeCtx, client, instance, adminToken);
  const health = registry === undefined ? noHealth : watchHealth(ctx, { registry, probe });
  otlpRoutes(router, store, { maxBodyBytes, maxMessageBytes });
  apiRoutes(router, store, health);
  return {
    router,
    async close(closeCtx) {
      await health.stop();
      await client[Symbol.asyncDispose]();
      await store.close(closeCtx);
    },
  };
}
