import type { Socket } from 'node:net';
import { background, type CancelContext, type Context, sleep } from '../../concurrency/index.ts';
import type { Instance, Registry } from '../../discovery/index.ts';
import { anything, dialSocket, http1, type Listener, type Match, protocolMux } from '../../net/tcp/index.ts';
import { telemetryOf } from '../../observe/index.ts';
import { type LaneRules, laneOfHost } from './lane-choice.ts';
import { Splices } from './splices.ts';

export interface LaneDoorOptions {
  readonly registry: Registry;
  /** The name under which gateways register, in the baseline and in lanes. */
  readonly service: string;
  /** Which of an instance's endpoints is meant. */
  readonly endpoint: string;
  readonly rules: LaneRules;
}

/** A head in which no host is found by then is the server's to answer. */
const maxHeadBytes = 8 * 1024;
const headTimeoutMs = 10_000;
const retryMs = 1_000;

/**
 * The door of a gateway of the baseline where lanes may have gateways of their own: a connection whose first request names such a
 * lane by its host (`blue.localhost`) is passed on to a gateway of the lane, byte by byte, and so with all that it can do. All
 * others are the listener's as ever. A header or a cookie leads to no other gateway: with each request it may be another lane.
 */
export function laneDoor(listener: Listener, options: LaneDoorOptions): Listener {
  return new LaneDoor(listener, options);
}

class LaneDoor implements Listener {
  readonly #listener: Listener;
  readonly #options: LaneDoorOptions;
  readonly #life: CancelContext = background().withCancel();
  readonly #splices = new Splices();
  #gateways: ReadonlyMap<string, readonly URL[]> = new Map();
  #following: Promise<void> = Promise.resolve();
  #stopMux = () => {};

  constructor(listener: Listener, options: LaneDoorOptions) {
    this.#listener = listener;
    this.#options = options;
  }

  start(ctx: Context, onConnection: (socket: Socket) => void) {
    const lasting = ctx.withoutCancel();
    const mux = protocolMux(lasting, {
      protocols: [
        { match: (bytes) => this.#match(bytes), handle: (socket) => void this.#passOn(lasting, socket) },
        { match: anything, handle: onConnection },
      ],
      timeoutMs: headTimeoutMs,
      maxFirstBytes: 2 * maxHeadBytes,
    });
    this.#stopMux = () => mux.close();
    this.#following = this.#follow();
    return this.#listener.start(ctx, (socket) => {
      if (this.#gateways.size === 0) onConnection(socket);
      else mux.accept(socket);
    });
  }

  async stop(): Promise<void> {
    await this.#listener.stop();
    this.#life.cancel(new Error('the gateway was stopped'));
    this.#stopMux();
    await Promise.all([this.#following, this.#splices.drain(background())]);
  }

  #match(bytes: Uint8Array): Match {
    const isHttp = http1(bytes);
    if (isHttp !== 'yes') return isHttp;
    const host = hostOf(bytes);
    if (host === undefined) return bytes.length < maxHeadBytes ? 'more' : 'no';
    return this.#gateways.has(laneOfHost(this.#options.rules, host)) ? 'yes' : 'no';
  }

  async #passOn(ctx: Context, socket: Socket): Promise<void> {
    const head = socket.read() as Buffer | null;
    const lane = laneOfHost(this.#options.rules, hostOf(head ?? Buffer.alloc(0)) ?? '');
    const urls = this.#gateways.get(lane) ?? [];
    const url = urls[Math.floor(Math.random() * urls.length)];
    socket.on('error', ignore);
    try {
      if (url === undefined) throw new Error('it has just left');
      const place = url.protocol.endsWith('+unix:')
        ? { path: decodeURIComponent(url.hostname) }
        : { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || 80 };
      this.#splices.join(socket, await dialSocket(ctx, place), head);
    } catch (error) {
      // Not the baseline's answer: whoever tries a change must see that it is down.
      telemetryOf(ctx).log.warn(ctx, `the gateway of lane ${lane} cannot be reached`, { error });
      socket.end(unreachable(lane));
    }
  }

  async #follow(): Promise<void> {
    const { registry, service, endpoint } = this.#options;
    while (this.#life.err() === undefined) {
      try {
        for await (const { instances } of registry.watch(this.#life, service))
          this.#gateways = gatewaysOf(instances, endpoint);
      } catch {}
      await sleep(this.#life, retryMs).catch(() => {});
    }
  }
}

/** Where the gateways of each lane are. One that speaks TLS has a name that its certificate bears, and is not asked. */
function gatewaysOf(instances: readonly Instance[], endpoint: string): ReadonlyMap<string, readonly URL[]> {
  const gateways = new Map<string, URL[]>();
  for (const { lane, weight, endpoints } of instances) {
    const url = URL.parse(endpoints[endpoint] ?? '');
    if (
      lane === '' ||
      weight === 0 ||
      url === null ||
      !url.protocol.startsWith('http') ||
      url.protocol.startsWith('https')
    )
      continue;
    gateways.set(lane, [...(gateways.get(lane) ?? []), url]);
  }
  return gateways;
}

/** The host that a head asks for, '' where it names none; undefined while it may still come. */
function hostOf(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end + 2);
  const found = /\r\nhost:[ \t]*([^\r\n]*?)[ \t]*\r\n/i.exec(head);
  return found?.[1] ?? (end < 0 ? undefined : '');
}

function unreachable(lane: string): string {
  const message = `the gateway of lane ${lane} cannot be reached`;
  const body = JSON.stringify({ code: 'unavailable', reason: 'LANE_UNREACHABLE', message });
  const head = ['HTTP/1.1 503 Service Unavailable', 'content-type: application/json', `content-length: ${body.length}`];
  return `${head.join('\r\n')}\r\nflotilla-lane: ${lane}\r\nconnection: close\r\n\r\n${body}`;
}

const ignore = () => {};
