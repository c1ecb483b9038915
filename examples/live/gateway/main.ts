import { app, type Main, run } from 'flotilla/app';
import { laneRules } from 'flotilla/edge/gateway';
import { secret } from 'flotilla/service';
import { z } from 'zod';
import { developmentSecret } from '../jwt-secret.ts';
import { liveGateway } from './gateway.ts';
import { addPage } from './page.ts';
import { signInLimit } from './sign-in-limit.ts';

const schema = z.object({
  /** What tokens are signed with; the account service has the same. Default: one in the data directory. */
  jwtSecret: z
    .string()
    .min(32)
    .transform((value) => secret(value))
    .optional(),
  /** Where callers without a token belong, and new accounts. */
  tenant: z.string().min(1).max(64).default('live'),
  /** The console, for links to traces. Default: that of the fleet. */
  consoleUrl: z.url().optional(),
});

export const main: Main = async (host) => {
  const config = await host.config(schema, {
    mapping: { LIVE_JWT_SECRET: 'jwtSecret', LIVE_TENANT: 'tenant', LIVE_CONSOLE_URL: 'consoleUrl' },
  });
  // The fleet's console lives where its registry does.
  const consoleUrl = config.consoleUrl ?? host.env.FLOTILLA_REGISTRY_URL;
  const gateway = liveGateway({
    resolver: host.resolver(),
    local: host.local(),
    registry: host.registry(),
    lanes: laneRules(host.env),
    jwtSecret: config.jwtSecret?.reveal() ?? (await developmentSecret(host.dataDir())),
    tenant: config.tenant,
    traceUrl: consoleUrl === undefined ? undefined : `${new URL(consoleUrl).origin}/#/traces/{traceId}`,
  });
  await addPage(gateway.router, new URL('./page/', import.meta.url));
  return app({
    name: 'gateway',
    version: '1.0.0',
    host,
    servers: [gateway.server({ listener: host.listener('http', { port: 8080 }), middleware: [signInLimit()] })],
    closers: [() => gateway[Symbol.dispose]()],
  });
};

if (import.meta.main) await run(main);
