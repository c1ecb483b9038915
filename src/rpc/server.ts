import type { Socket } from 'node:net';
import type { Admit } from '../call/index.ts';
import { type CancelContext, type Context, until } from '../concurrency/index.ts';
import type { Listener } from '../net/tcp/index.ts';
import type { Endpoint, Middleware, Server } from '../service/index.ts';
import { Dispatcher } from './dispatcher.ts';
import { Http2Connections } from './http2-server.ts';
import { checkTimeout, type Implementation } from './implementation.ts';
import { InboundCalls } from './inbound-call.ts';
import { attach, type LocalNetwork } from './local-network.ts';
import { RpcErrors } from './rpc-errors.ts';
import { type ServerMethod, serverMethods } from './server-method.ts';
import { sniffConnection } from './sniffer.ts';

export interface RpcServerOptions {
  readonly listener: Listener;
  readonly services: readonly Implementation[];
  /** The service's name, as it registers. */
  readonly name: string;
  /** Default: everything is admitted. */
  readonly admit?: Admit;
  /** Around every method, outside of the services' own. Default: none. */
  readonly middleware?: readonly Middleware[];
  /** The largest message that is taken or sent. Default: 4 MiB. */
  readonly maxMessageBytes?: number;
  /** The largest block of headers that is taken. Default: 16 KiB. */
  readonly maxHeaderBytes?: number;
  /** Calls that one HTTP/2 connection may run at a time; the client keeps back further ones. Default: 1,000. */
  readonly maxConcurrentStreams?: number;
  /** The longest a call that is answered with one message may last, in milliseconds. 0: no limit. Default: 10,000. */
  readonly timeoutMs?: number;
  /** How long a new connection may stay silent. Default: 5,000. */
  readonly firstBytesTimeoutMs?: number;
  /** Clients of this network in the same process call in memory. Default: none do. */
  readonly local?: LocalNetwork;
  /** How long streams may go on once a drain has begun; then they end with DRAINING. Default: 1,000. */
  readonly streamDrainMs?: number;
}

/**
 * Serves gRPC, gRPC-Web, Connect and plain HTTP on one port.
 */
export function createRpcServer(options: RpcServerOptions): Server {
  return new RpcServer(options);
}

class RpcServer implements Server {
  readonly #options: RpcServerOptions;
  readonly #methods: readonly ServerMethod[];
  readonly #calls: InboundCalls;
  readonly #maxMessageBytes: number;
  #detach: () => void = () => {};
  #base: CancelContext | undefined;
  #http2: Http2Connections | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: RpcServerOptions) {
    const { services, middleware = [], timeoutMs = 10_000, maxMessageBytes = 4 << 20, admit } = options;
    checkTimeout(`createRpcServer ${options.name}: timeoutMs`, timeoutMs);
    this.#options = options;
    this.#methods = services.flatMap((service) => serverMethods(service, { middleware, timeoutMs }));
    this.#calls = new InboundCalls(admit);
    this.#maxMessageBytes = maxMessageBytes;
  }

  async start(ctx: Context): Promise<readonly Endpoint[]> {
    const { listener, local, name, maxConcurrentStreams = 1_000, maxHeaderBytes = 16_384 } = this.#options;
    const base = ctx.withCancel();
    this.#base = base;
    const methods = this.#methods;
    const calls = this.#calls;
    const maxMessageBytes = this.#maxMessageBytes;
    const dispatcher = new Dispatcher({ methods, calls, maxMessageBytes });
    this.#http2 = new Http2Connections(base, { dispatcher, maxConcurrentStreams, maxHeaderBytes });
    const { host, port } = await listener.start(ctx, (socket) => this.#accept(base, socket));
    if (local !== undefined) {
      const table = new Map(methods.map((method) => [method.path, method]));
      this.#detach = attach(local, name, { base, methods: table, calls, maxMessageBytes });
    }
    return [{ name: 'rpc', url: `http://${host.includes(':') ? `[${host}]` : host}:${port}` }];
  }

  stop(ctx: Context): Promise<void> {
    this.#stopped ??= this.#drain(ctx);
    return this.#stopped;
  }

  #accept(base: Context, socket: Socket): void {
    sniffConnection(socket, {
      clock: base.clock,
      timeoutMs: this.#options.firstBytesTimeoutMs ?? 5_000,
      onHttp1: (connection) => connection.destroy(),
      onHttp2: (connection) => this.#http2?.accept(connection),
    });
  }

  async #drain(ctx: Context): Promise<void> {
    await this.#options.listener.stop();
    this.#detach();
    this.#http2?.drain();
    const calls = this.#calls;
    const streams = ctx.clock.after(this.#options.streamDrainMs ?? 1_000, () =>
      calls.endStreams(RpcErrors.DRAINING(`${this.#options.name} is shutting down`)),
    );
    await until(ctx, calls.idle()).catch(() => {});
    streams.stop();
    this.#http2?.destroy();
    this.#base?.cancel(RpcErrors.DRAINING(`${this.#options.name} is shut down`));
  }
}
