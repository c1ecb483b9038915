import { background } from '../../src/concurrency/index.ts';
import {
  httpRegistry,
  type Instance,
  memoryRegistry,
  type Registration,
  type Registry,
  registryRoutes,
} from '../../src/discovery/index.ts';
import { createHttpServer, createRouter } from '../../src/net/http/index.ts';
import { tcpListener } from '../../src/net/tcp/index.ts';

export interface Scale {
  readonly services: number;
  readonly perService: number;
}

/** What a registry costs, in milliseconds and MiB. */
export interface Costs {
  /** From one change of one service until as many watchers as there are services have seen it. */
  readonly oneChangeMs: number;
  /** From one change in each service until the watcher of each has seen it. */
  readonly allChangesMs: number;
}

/** Services full of instances, a watcher for each service, and as many again for the first one. */
export class RegistryAtScale {
  readonly #scale: Scale;
  readonly #writer: Registry;
  readonly #reader: Registry;
  readonly #life = background().withCancel();
  readonly #registrations: Registration[] = [];
  /** The newest weight of the first instance, as each watcher has seen it, and who waits for it. */
  readonly #ofAll: Watched[] = [];
  readonly #ofFirst: Watched[] = [];
  #weight = 1;

  constructor(scale: Scale, writer: Registry, reader: Registry) {
    this.#scale = scale;
    this.#writer = writer;
    this.#reader = reader;
  }

  async fill(): Promise<void> {
    const { services, perService } = this.#scale;
    for (let service = 0; service < services; service++) {
      const all = Array.from({ length: perService }, (_, n) =>
        this.#writer.register(this.#life, instance(service, n, 1)),
      );
      this.#registrations.push(...(await Promise.all(all)));
    }
    for (let service = 0; service < services; service++) {
      this.#ofAll.push(new Watched(this.#reader, this.#life, service));
      this.#ofFirst.push(new Watched(this.#reader, this.#life, 0));
    }
    await this.#seen([...this.#ofAll, ...this.#ofFirst]);
  }

  async measure(): Promise<Costs> {
    const one = performance.now();
    this.#weight++;
    await this.#writer.register(this.#life, instance(0, 0, this.#weight));
    await this.#seen(this.#ofFirst);
    const oneChangeMs = performance.now() - one;
    const all = performance.now();
    this.#weight++;
    const changes = this.#ofAll.map((_, service) =>
      this.#writer.register(this.#life, instance(service, 0, this.#weight)),
    );
    await Promise.all(changes);
    await this.#seen(this.#ofAll);
    return { oneChangeMs, allChangesMs: performance.now() - all };
  }

  async close(): Promise<void> {
    this.#life.cancel();
    await Promise.all([...this.#ofAll, ...this.#ofFirst].map(({ ended }) => ended));
  }

  async #seen(watched: readonly Watched[]): Promise<void> {
    await Promise.all(watched.map((one) => one.sees(this.#weight)));
  }
}

class Watched {
  readonly ended: Promise<void>;
  #weight = 0;
  #waits: { readonly weight: number; readonly resolve: () => void } | undefined;

  constructor(registry: Registry, ctx: ReturnType<typeof background>, service: number) {
    this.ended = this.#watch(registry, ctx, service);
  }

  sees(weight: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#weight >= weight) resolve();
      else this.#waits = { weight, resolve };
    });
  }

  async #watch(registry: Registry, ctx: ReturnType<typeof background>, service: number): Promise<void> {
    for await (const { instances } of registry.watch(ctx, `service-${service}`)) {
      this.#weight = Math.max(0, ...instances.map(({ weight }) => weight));
      if (this.#waits !== undefined && this.#weight >= this.#waits.weight) this.#waits.resolve();
    }
  }
}

export interface ServedRegistry {
  readonly url: string;
  stop(): Promise<void>;
}

/** The embedded registry over HTTP, as the back-end process of a fleet serves it. */
export async function serveRegistry(maxInstances: number): Promise<ServedRegistry> {
  const life = background().withCancel();
  const lists = memoryRegistry({ maxInstances });
  const router = createRouter();
  router.mount(registryRoutes(lists, { ctx: life }));
  const server = createHttpServer({
    name: 'registry',
    router,
    listener: tcpListener({ port: 0 }),
    guard: false,
    maxConnections: 2_000,
  });
  const [endpoint] = await server.start(background());
  return {
    url: endpoint!.url,
    async stop() {
      life.cancel();
      using now = background().withTimeout(1_000);
      await server.stop(now);
      await lists.close();
    },
  };
}

export const openClient = (url: string): Registry => httpRegistry({ url });

function instance(service: number, n: number, weight: number): Instance {
  const endpoints = { rpc: `http://10.${service}.0.${n}:8080`, admin: `http://10.${service}.0.${n}:8081` };
  const metadata = { zone: `zone-${n % 3}`, build: '2026-11-23.4711' };
  return { id: `i-${n}`, service: `service-${service}`, version: '1.2.3', endpoints, lane: '', weight, metadata };
}
