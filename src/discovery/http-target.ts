import type { CallHead } from '../call/index.ts';
import type { Awaitable, Context } from '../concurrency/index.ts';
import type { HttpNode, HttpTarget } from '../net/http/index.ts';
import type { MakeBalancer, Pick } from './balancer.ts';
import { DiscoveryErrors } from './discovery-errors.ts';
import type { Resolver } from './resolver.ts';
import { type ResolvedTarget, resolveTarget } from './target-resolver.ts';

export interface HttpTargetOptions {
  /** Finds a service that registers; the client does not close it. Needed for one, and for no others. */
  readonly resolver?: Resolver;
  /** Makes the balancer of `dns:///` and `static:///`; that of a service is its resolver's. Default: `p2cBalancer`. */
  readonly balancer?: MakeBalancer;
  /** Of addresses that say none. Default: http. */
  readonly scheme?: 'http' | 'https';
}

/**
 * Whom an HTTP client calls, as targets of RPC say it: `room`, `discovery:///room`, `dns:///room.internal:8080`,
 * `static:///10.0.0.1:8080,10.0.0.2:8080`. Of a service that registers those instances are called that have an endpoint `http`; each
 * try goes to one that the balancer picks, by load, lane and zone, and not to one that is ejected. For one client, which closes it.
 * Throws a TypeError for a target, or options, that make no sense.
 *
 *     const api = http.client({ target: httpTarget('discovery:///room', { resolver }) });
 *     await api.getJson(ctx, '/v1/rooms/7');
 */
export function httpTarget(target: string, options: HttpTargetOptions = {}): HttpTarget {
  return new ResolvedHttpTarget(resolveTarget(target, options));
}

class ResolvedHttpTarget implements HttpTarget {
  readonly #target: ResolvedTarget;

  constructor(target: ResolvedTarget) {
    this.#target = target;
  }

  get name(): string {
    return this.#target.name;
  }

  get serverName(): string | undefined {
    return this.#target.serverName;
  }

  get host(): string | undefined {
    return this.#target.authority;
  }

  pick(ctx: Context, head: CallHead): Awaitable<HttpNode> {
    const pick = this.#target.resolver.resolve(ctx, this.name, head);
    return pick instanceof Promise ? pick.then((found) => this.#nodeOf(found)) : this.#nodeOf(pick as Pick);
  }

  close(): Promise<void> {
    return this.#target.close();
  }

  #nodeOf({ node, done }: Pick): HttpNode {
    const url = node.endpoints.http;
    if (url !== undefined) return { id: node.id, url, done };
    const error = DiscoveryErrors.NO_HTTP_ENDPOINT(`instance ${node.id} of ${this.name} has no http endpoint`);
    done({ error, durationMs: 0 });
    throw error;
  }
}
