import { type Balancer, type BalancerHooks, p2cBalancer, staticResolver } from 'flotilla/discovery';
import { createRpcClient, type RpcClient } from 'flotilla/rpc';
import type { ClientGuardOptions, Middleware } from 'flotilla/service';
import { RoomService } from '../../src/rpc/testdata/gen/flotilla/test/v1/room_pb.ts';
import type { Guard } from './messages.ts';

export type Caller = RpcClient<typeof RoomService>;

export interface CallerOptions {
  /** Default: what a client has that is told nothing. */
  readonly guard?: ClientGuardOptions | false;
  /** Default: `p2cBalancer`. */
  readonly balancer?: (hooks: BalancerHooks) => Balancer;
  readonly middleware?: readonly Middleware[];
}

/** A client of these nodes that has learned nothing yet. */
export function caller(urls: readonly string[], options: CallerOptions = {}): Caller {
  const { guard = {}, balancer = p2cBalancer, middleware = [] } = options;
  const resolver = staticResolver({ room: urls }, { balancer });
  return createRpcClient(RoomService, { target: 'room', resolver, guard, middleware });
}

export function guardedCaller(urls: readonly string[], guard: Guard): Caller {
  switch (guard) {
    case 'default':
      return caller(urls);
    case 'no-breaker':
      return caller(urls, { guard: { breaker: false } });
    case 'plain':
      return caller(urls, { guard: false, middleware: [threeTries] });
  }
}

/** What a loop around a call does: at once, whatever failed. */
const threeTries: Middleware = (next) => async (ctx, input) => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await next(ctx, input);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
};
