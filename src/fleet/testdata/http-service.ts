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
