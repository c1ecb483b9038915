import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CallHead, defaultFields } from '../../../src/call/index.ts';
import { background, type CancelContext, type Clock, rootContext } from '../../../src/concurrency/index.ts';
import {
  createResolver,
  httpRegistry,
  memoryRegistry,
  type Registry,
  registryRoutes,
} from '../../../src/discovery/index.ts';
import { createHttpServer, createRouter, client as httpClient } from '../../../src/net/http/index.ts';
import { tcpListener } from '../../../src/net/tcp/index.ts';

const head: CallHead = { service: 'room', method: 'Get', sizeBytes: 0, timeoutMs: 1_000, fields: defaultFields };
const ids = ['room-1', 'room-2', 'room-3'];

/** A small fleet over real sockets, whose registry can be taken away: three nodes, a caller and somebody who watches. */
export class Fleet implements AsyncDisposable {
  readonly #life: CancelContext;
  readonly #nodes = ids.map(() => createServer((_, response) => response.end('here')).listen(0, '127.0.0.1'));
  readonly #registrars: Registry[] = [];
  readonly #http = httpClient({ guard: false });
  #registry: { readonly lists: Registry; stop(): Promise<void> } | undefined;
  #port = 0;
  #caller: Registry | undefined;
  #resolver: ReturnType<typeof createResolver> | undefined;
  #watching: Promise<void> = Promise.resolve();
  /** The sizes of all lists that the watcher has seen. */
  readonly seen: number[] = [];

  private constructor(clock: Clock) {
    this.#life = rootContext(clock).withCancel();
  }

  static async start(clock: Clock): Promise<Fleet> {
    const fleet = new Fleet(clock);
    await fleet.startRegistry();
    const url = `http://127.0.0.1:${fleet.#port}`;
    for (const [index, server] of fleet.#nodes.entries()) {
      if (!server.listening) await once(server, 'listening');
      const rpc = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const registry = httpRegistry({ url, ctx: fleet.#life });
      const room = { service: 'room', version: '1', endpoints: { rpc }, lane: '', weight: 1, metadata: {} };
      await registry.register(background(), { ...room, id: ids[index]! });
      fleet.#registrars.push(registry);
    }
    fleet.#caller = httpRegistry({ url, ctx: fleet.#life });
    fleet.#resolver = createResolver(fleet.#caller, { ctx: fleet.#life });
    const caller = fleet.#caller;
    fleet.#watching = (async () => {
      for await (const { instances } of caller.watch(fleet.#life, 'room')) fleet.seen.push(instances.length);
    })();
    return fleet;
  }

  /** Empty, on the port that it had. */
  async startRegistry(): Promise<void> {
    const lists = memoryRegistry();
    const router = createRouter();
    const life = this.#life.withCancel();
    router.mount(registryRoutes(lists, { ctx: life }));
    const server = createHttpServer({ name: 'registry', router, listener: tcpListener({ port: this.#port }) });
    const [endpoint] = await server.start(background());
    this.#port = Number(new URL(endpoint!.url).port);
    this.#registry = {
      lists,
      async stop() {
        // As a kill does: nobody is told.
        using now = background().withCancel();
        now.cancel();
        await server.stop(now);
        life.cancel();
      },
    };
  }

  async stopRegistry(): Promise<void> {
    await this.#registry?.stop();
    this.#registry = undefined;
  }

  /** How many instances the registry knows by itself. */
  async registered(): Promise<number> {
    for await (const { instances } of this.#registry?.lists.watch(this.#life, 'room') ?? []) return instances.length;
    return 0;
  }

  /** One call, as a client makes it; throws when it fails. */
  async call(): Promise<string> {
    using ctx = background().withTimeout(10_000);
    const { node, done } = await this.#resolver!.resolve(ctx, 'room', head);
    try {
      const response = await this.#http.request(ctx, { url: node.endpoints.rpc! });
      done({ error: undefined, durationMs: 1 });
      assert.equal(response.text(), 'here');
      return node.id;
    } catch (error) {
      done({ error: error as never, durationMs: 1 });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resolver?.close();
    this.#life.cancel();
    await this.#watching;
    await Promise.all([...this.#registrars, this.#caller].map((registry) => registry?.close()));
    await this.stopRegistry();
    await this.#http.close(background());
    for (const server of this.#nodes) server.close().closeAllConnections();
  }
}
