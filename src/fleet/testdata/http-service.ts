import type { Project } from './project.ts';

const door = (area: string) => JSON.stringify(new URL(`../../${area}/index.ts`, import.meta.url).href);

/** Writes `<name>/main.ts`: a service on Flotilla's own app and HTTP server that answers its name, instance and version. */
export function httpService(files: Project, name: string): void {
  files.write(
    `${name}/main.ts`,
    `import { app, run } from ${door('app')};
import { createHttpServer, createRouter } from ${door('net/http')};
const version = 'one';
export const main = async (host) => {
  const router = createRouter();
  router.get('/', async () => ({ name: '${name}', version, instance: host.instance, pid: process.pid, setting: host.env.SETTING }));
  const server = createHttpServer({ name: '${name}', router, listener: host.listener('http', { port: 0 }) });
  return app({ name: '${name}', version: '1.0.0', host, servers: [server] });
};
if (import.meta.main) await run(main);
`,
  );
}

/** Writes `<name>/main.ts`: a gateway without services that says at `/` who answers; it is the service `service`. */
export function gatewayService(files: Project, name: string, service: string): void {
  files.write(
    `${name}/main.ts`,
    `import { app, run } from ${door('app')};
import { createGateway, laneRules } from ${door('edge/gateway')};
export const main = async (host) => {
  const gateway = createGateway({
    name: '${service}',
    services: [],
    resolver: host.resolver(),
    registry: host.registry(),
    fields: laneRules(host.env),
    auth: { authenticate: async () => undefined, access: 'public' },
    openapi: { title: 'Test', version: '1.0.0' },
  });
  gateway.route('GET', '/', {}, async () => ({ code: '${name}', instance: host.instance }));
  const servers = [gateway.server({ listener: host.listener('http', { port: 0 }) })];
  return app({ name: '${service}', version: '1.0.0', host, servers, closers: [() => gateway[Symbol.dispose]()] });
};
if (import.meta.main) await run(main);
`,
  );
}

/** Writes `fleet.ts` with these services; each value is the second argument of \`service\`, as source. */
export function fleetFile(files: Project, services: Readonly<Record<string, string>>): void {
  const entries = Object.entries(services).map(
    ([name, options]) => `${name}: service('./${name}/main.ts', ${options})`,
  );
  files.write(
    'fleet.ts',
    `import { fleet, service } from ${door('fleet')};\nexport default fleet({ services: { ${entries.join(', ')} } });\n`,
  );
}
